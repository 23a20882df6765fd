*** Settings ***
Name                Edge 5 Corrupted state file
Documentation       What happens if the state persistence file is corrupted when the script restarts? It is named, set
...                 aside and rebuilt from folders and bucket: nothing is lost, and nothing is done twice.

Resource            ../resources/state.resource

Suite Setup         Set up the environment
Suite Teardown      Tear down the environment
Test Setup          Open a world
Test Teardown       Close the world

Test Tags           edge-5    fr-008    fr-010


*** Test Cases ***
A truncated state is set aside, and the work goes on
    [Documentation]    As after a full disk.
    Given files were migrated by half
    And the state is truncated
    When the migrator runs to its end
    Then the state is set aside and named
    And no file that was done before is processed again
    And the books balance

An empty state is set aside, and the work goes on
    [Documentation]    As after a crash of the machine.
    Given files were migrated by half
    And the state is emptied
    When the migrator runs to its end
    Then the state is set aside and named
    And no file that was done before is processed again
    And the books balance

A state of random bytes is set aside, and the work goes on
    [Documentation]    As when something else was written over it.
    Given files were migrated by half
    And the state is overwritten with random bytes
    When the migrator runs to its end
    Then the state is set aside and named
    And no file that was done before is processed again
    And the books balance

A state that is damaged twice is set aside twice, and both copies are kept
    [Documentation]    The second copy does not take the first one's name: nothing is ever overwritten.
    Given files were migrated by half
    And the state is overwritten with random bytes
    And the migrator runs to its end
    And the state is emptied
    When the migrator runs to its end
    Then the state is set aside and named
    And the state that was damaged before is kept too
    And the books balance

A folder in place of the state is set aside, and the work goes on
    [Documentation]    As when a container's volume was mounted in its place.
    Given files were migrated by half
    And a folder lies where the state was
    When the migrator runs to its end
    Then the state is set aside and named
    And no file that was done before is processed again
    And the books balance

The state of a newer version is not destroyed, and the work goes on
    [Documentation]    As after a downgrade: what this version cannot know it must not overwrite.
    Given files were migrated by half
    And the state is a newer version's
    When the migrator runs to its end
    Then the state is set aside and named
    And no file that was done before is processed again
    And the books balance

A state that is gone is rebuilt, and the work goes on
    [Documentation]    Folders and bucket know all that matters.
    Given files were migrated by half
    And the state is removed
    When the migrator runs to its end
    Then no file that was done before is processed again
    And the books balance

A state that is older than folders and bucket loses nothing and repeats nothing
    [Documentation]    A backup of half way is put back after all was done.
    Given files were migrated by half
    And the state is put back as it was half way
    When the migrator runs to its end
    Then nothing is uploaded
    And the books balance

One flipped bit in the state loses nothing and repeats nothing
    [Documentation]    Whether anybody notices is free; that folders and bucket are whole is not.
    Given files were migrated by half
    And one bit in the middle of the state is flipped
    When the migrator runs until nothing is pending
    Then folders and bucket are whole

Status warns of a state that cannot be read, and tells what the folders tell
    [Documentation]    It changes nothing: the damaged state is still there for the next run.
    [Tags]    fr-011
    Given files were migrated by half
    And the state is overwritten with random bytes
    Then status warns and tells what the folders tell
    When the migrator runs to its end
    Then the state is set aside and named
    And the books balance

A state that a live run holds is left to it, and a second run is refused
    [Documentation]    Two schedulers, one folder: the second one neither waits nor takes over.
    [Tags]    sc-003
    Given the source holds a few files
    And the migrator is held half way
    Then a second run ends with exit code 5 and the first one goes on
    When the migrator goes on to its end
    Then the books balance

Retry and recover leave a source to the run that holds it
    [Documentation]    Both would change what the run has in hand.
    [Tags]    extra
    Given files that will arrive again are at hand
    And the migrator is held half way
    Then retry and recover end with exit code 5 and the run goes on
    When the migrator goes on to its end
    Then the books balance

A lock that a dead run left is no obstacle
    [Documentation]    A run that was killed holds nothing any more, whatever it left behind.
    Given files that will arrive again are at hand
    And the migrator is held half way
    And the migrator is killed
    When the migrator runs to its end
    Then the books balance

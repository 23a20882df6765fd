*** Settings ***
Name                Expectations of files
Documentation       What nobody writes down and everybody expects of single files: one that is still being written is
...                 not lost, one whose cause of failure is repaired can be tried again, and a large one fits.

Resource            ../resources/edges.resource

Suite Setup         Set up the environment
Suite Teardown      Tear down the environment
Test Setup          Open a world
Test Teardown       Close the world

Test Tags           files


*** Test Cases ***
Files as other programs write them hold the same values
    [Documentation]    What is rare is read like what is usual, and one odd value among plain ones is not made plain.
    [Tags]    fr-005    sc-002
    Given files as other programs write them are at hand
    When the migrator runs to its end
    Then every object holds the values and the origin of its source
    And the books balance

A file that is being written while it is read stays pending, and the next run migrates all of it
    [Documentation]    What was made of its first half is taken back.
    [Tags]    fr-008    fr-012
    Given files that will arrive again are at hand
    And the migrator runs until an upload of a csv file is held
    When the file whose upload is held grows
    Then the migrator goes on and leaves the file pending
    When the migrator runs to its end
    Then every object holds the values and the origin of its source
    And the books balance

A file that is rewritten in its length under the run stays pending, and the next run migrates what it holds
    [Documentation]    Its size tells nothing; its modification time does.
    [Tags]    fr-008    fr-012
    Given files that will arrive again are at hand
    And the migrator runs until an upload of a csv file is held
    When the file whose upload is held is rewritten in its length
    Then the migrator goes on and leaves the file pending
    When the migrator runs to its end
    Then every object holds the values and the origin of its source
    And the books balance

A file of 64 MiB is migrated in bounded memory
    [Documentation]    Whoever reads it whole needs several times its size.
    [Tags]    memory
    Given a file of 64 MiB is at hand
    When the migrator runs to its end while its memory is watched
    Then the run stayed below 512 MiB
    And every object holds the values and the origin of its source
    And the books balance

JSON, a dump and a member that would fill the memory are migrated within bounds
    [Documentation]    Short records take several times their size where all are kept, and a member is read in pieces.
    [Tags]    memory
    Given large files of JSON and SQL and a zip with a large member are at hand
    When the migrator runs to its end while its memory is watched
    Then the run stayed below 512 MiB
    And every object tells path, size, format and digest of its source file
    And the books balance

A file that the target refused is done after the cause is repaired and it is retried
    [Documentation]    Only those with its reason code go back; the others stay failed.
    [Tags]    extra    fr-011
    Given files that will arrive again are at hand
    And the target refused one of them
    And the target takes it again
    When failed files are retried with the code upload-rejected
    Then they are pending again and all others stay failed
    When the migrator runs to its end
    Then the books balance

A failed file that its owner repairs is done after it is retried
    [Documentation]    It is repaired where it lies, in the folder of failed files; the others fail again. Each goes
    ...    back to where it had arrived, also where it lies under another name.
    [Tags]    extra    fr-011
    Given files were migrated past names that somebody had taken
    And a failed file is repaired where it lies
    When all failed files are retried
    Then they are pending again and all others stay failed
    When the migrator runs to its end
    Then every object holds the values and the origin of its source
    And the books balance

A failed file that its owner takes away is forgotten, and one that is put back is a new file
    [Documentation]    The owner has dealt with it; nobody is told of it for ever.
    [Tags]    fr-011    fr-012
    Given files were migrated
    And a failed file is taken away and another one is put back where it arrived
    When the migrator runs to its end
    Then the books balance

A failed file whose old place is taken stays failed and is named
    [Documentation]    Nothing is overwritten to put a file back.
    [Tags]    extra    fr-012
    Given files were migrated
    And a repaired file arrives at the path of a failed one
    When all failed files are retried
    Then the one whose place is taken stays failed and is named
    When the migrator runs to its end
    Then the books balance

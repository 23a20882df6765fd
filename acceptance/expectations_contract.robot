*** Settings ***
Name                Expectations of the contract
Documentation       What the contract promises to whoever starts a migrator, beside the stories and the edge cases.

Resource            ../resources/promises.resource

Suite Setup         Set up the environment
Suite Teardown      Tear down the environment
Test Setup          Open a world
Test Teardown       Close the world

Test Tags           contract


*** Test Cases ***
Status of a source that was never run lists every file as pending and changes nothing
    [Documentation]    Who looks leaves no trace.
    [Tags]    fr-004
    Given files that will arrive again are at hand
    Then status lists every file of the new source as pending

Status of a source that a run holds tells what is so, and the run ends well
    [Documentation]    A file whose upload is on its way is in progress, however often somebody asks.
    [Tags]    fr-008    fr-011
    Given files that will arrive again are at hand
    And the migrator runs until an upload of a csv file is held
    Then status tells a run under way
    When the migrator goes on to its end
    Then every file was tried once
    And the books balance

Status in words names every file too
    [Documentation]    Not everybody reads JSON.
    [Tags]    fr-011
    Given files were migrated
    Then status names every file in words

Every option is taken by run and status alike
    [Documentation]    So that one line of options does for all commands of a job.
    Given files that will arrive again are at hand
    When the migrator runs with every option
    Then status takes every option
    And the books balance

A command line that is wrong ends with exit code 2, and nothing is migrated
    [Documentation]    A scheduler tells a mistyped option from a defect by it.
    Given files that will arrive again are at hand
    Then every wrong command line is refused with exit code 2
    When the migrator runs to its end
    Then the books balance

A done folder that is a link or a file is refused, and nothing is put where it leads
    [Documentation]    Files must never be moved to some other place.
    [Tags]    fr-012
    Given files that will arrive again are at hand
    Then a done folder that is none is refused with exit code 2
    When the migrator runs to its end
    Then the books balance

A failed folder that is a link or a file is refused, and nothing is put where it leads
    [Documentation]    Failed files too must never be moved to some other place.
    [Tags]    fr-012
    Given files that will arrive again are at hand
    Then a failed folder that is none is refused with exit code 2
    When the migrator runs to its end
    Then the books balance

A done or failed folder that cannot be written leaves all work pending, and nothing is uploaded twice for it
    [Documentation]    The disk's fault, or whoever has set the modes; no file's.
    [Tags]    fr-008    fr-010    fr-012
    Given the source holds a few files
    And nobody may write into the folders of done and failed files
    When the migrator runs with little patience
    Then the migrator leaves work pending
    And every file is pending where it arrived
    When these folders may be written again
    And the migrator runs to its end
    Then no object was uploaded twice over all runs

A bucket without a prefix holds keys that begin with the names of the source
    [Documentation]    Not with a slash, which no listing by folders would show.
    [Tags]    fr-006
    Given files that will arrive again are at hand
    And the target has no prefix
    When the migrator runs to its end
    Then the books balance

Slashes around a prefix do not count, and those within it do
    [Documentation]    Whoever types one more must not get keys of another folder.
    [Tags]    fr-006
    Given files that will arrive again are at hand
    When the migrator runs with slashes around the prefix
    Then the books balance

A log that was asked for as JSON is one object a line
    [Documentation]    Also the lines about failures.
    [Tags]    sc-004
    Given files that will arrive again are at hand
    When the migrator runs with a log of JSON
    Then every line of the log is a JSON object with time, level and message

No log, no state and no reason tells the secret key
    [Documentation]    Also where the target refuses files, and its answer is quoted.
    Given the source holds a few files
    And the target refuses one file as too large and another as forbidden
    When the migrator runs to its end
    Then nothing tells the secret key

A run that nothing disturbs tries every file once
    [Documentation]    Attempts are counted, and the count means something.
    [Tags]    fr-008
    Given files that will arrive again are at hand
    When the migrator runs to its end
    Then every file was tried once

A file that arrives under the run belongs to the next one
    [Documentation]    The inventory is made once; the late file changes neither exit code nor outcome.
    [Tags]    fr-004
    Given files that will arrive again are at hand
    And the gate holds every upload
    And the migrator runs until an upload is held
    When another file arrives
    And the migrator goes on to its end
    Then the late file waits for the next run
    When the migrator runs to its end
    Then the books balance

A file that is corrected after a kill is migrated as it is now
    [Documentation]    The killed run had stored its old content, which nobody may take for the new one.
    [Tags]    fr-010    sc-007
    Given files that will arrive again are at hand
    And the migrator runs until it waits for the answer to an upload that was stored
    And the migrator is killed
    And the file whose object was stored is corrected
    When the migrator runs to its end
    Then every object holds the values and the origin of its source
    And the books balance

A file that is spoilt after a kill is failed, and what was stored of it is taken back
    [Documentation]    The killed run had stored its old content, and a failed file leaves no object behind.
    [Tags]    fr-010    fr-011
    Given files that will arrive again are at hand
    And the migrator runs until it waits for the answer to an upload that was stored
    And the migrator is killed
    And the file whose object was stored is spoilt
    When the migrator runs to its end
    Then the books balance

A file that is removed after a kill is failed as vanished, and what was stored of it is taken back
    [Documentation]    The state alone can tell of it, and of the object that the killed run had stored.
    [Tags]    fr-010    fr-012
    Given files that will arrive again are at hand
    And the migrator runs until it waits for the answer to an upload that was stored
    And the migrator is killed
    And the file whose object was stored is removed
    When the migrator runs to its end
    Then the books balance

A state that is lost is rebuilt from a bucket that holds more than a page of a listing
    [Documentation]    S3 lists a thousand keys at a time, and here the first thousand are somebody else's.
    [Tags]    fr-010    sc-003
    Given somebody has put more objects under the prefix than a listing's page holds
    And files were migrated
    And the state is removed
    When the migrator runs to its end
    Then nothing is uploaded
    And no file that was done before is processed again
    And the books balance

A second run leaves a large upload of the first one alone
    [Documentation]    What lies about of a live run is not left over.
    [Tags]    fr-008
    Given the source holds a few files and a large one
    And the migrator is held within the large file
    Then a second run ends with exit code 5 and the first one goes on
    When the migrator goes on to its end
    Then the books balance

A state that is asked for elsewhere is kept there, and the next run goes on with it
    [Documentation]    As where the source is on a volume that others may write.
    [Tags]    fr-008    fr-010
    Given the state is to be kept outside the source
    And files were migrated by half
    Then the state is kept where it was asked for and nowhere else
    When the migrator runs to its end
    Then no file that was done before is processed again
    And the books balance

Credentials, region and endpoint of a profile are taken
    [Documentation]    As of everybody who works with several accounts.
    [Tags]    fr-006
    Given files that will arrive again are at hand
    And a profile alone tells credentials, region and endpoint
    When the migrator runs to its end
    Then every upload was signed for that region
    And the books balance

Region and endpoint of the environment's variables are taken
    [Documentation]    `AWS_REGION` counts like `AWS_DEFAULT_REGION`; some libraries know the one alone, some the other.
    [Tags]    fr-006
    [Setup]    Open a world on a server of any region
    Given the source is empty
    When a file is migrated where the region is told by    AWS_REGION
    And another file is migrated where the region is told by    AWS_DEFAULT_REGION
    Then every upload was signed for that region
    And the books balance

A stop at the first words of a run is graceful
    [Documentation]    Whoever reads them takes the run for one that can be stopped.
    [Tags]    fr-007    fr-008
    Given files that will arrive again are at hand
    And the gate holds every upload
    When the migrator is told to stop at its first words
    Then the migrator has stopped gracefully
    And every file is pending where it arrived
    When the migrator runs to its end
    Then the books balance

Times are those of the run and in UTC, whatever the clock shows
    [Documentation]    Times of machines in several places can be compared only then.
    [Tags]    fr-012
    Given files that will arrive again are at hand
    And the clock shows another time than that of UTC
    When the migrator runs to its end
    Then every time lies within the run
    And the books balance

Every reason says at which line, column or byte the fault is
    [Documentation]    So that a person who opens the file finds it.
    [Tags]    fr-011    sc-004
    Given bad files whose faults stand at known places are at hand
    When the migrator runs to its end
    Then every reason tells the place of the fault

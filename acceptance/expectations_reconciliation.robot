*** Settings ***
Name                Expectations of reconciliation
Documentation       What whoever has doubts expects: every difference between folder, state and bucket is named, and a
...                 state that is lost can be had again without a run.

Resource            ../resources/reconciliation.resource

Suite Setup         Set up the environment
Suite Teardown      Tear down the environment
Test Setup          Open a world
Test Teardown       Close the world

Test Tags           contract    extra


*** Test Cases ***
Verify names whatever was removed, altered or added, and changes nothing
    [Documentation]    What nobody touched, and what is still pending, is no difference.
    [Tags]    fr-013
    Given files were migrated
    And verify finds no difference
    When objects and files are removed, altered and added behind the migrator's back
    Then verify names every difference and nothing else
    And verify has changed nothing

Recover rebuilds a lost state from folders and bucket, and the next run goes on with it
    [Documentation]    Done files with their objects, failed ones with their reasons, and those that are still to come.
    [Tags]    fr-008    fr-010
    Given files were migrated by half
    And the state is removed
    When the state is recovered
    Then the books agree so far
    When the migrator runs to its end
    Then no file that was done before is processed again
    And the books balance

Recover that cannot reach the target gives up, and leaves all as it was
    [Documentation]    Without the bucket nobody can tell which files are done.
    [Tags]    fr-008    fr-010
    Given files were migrated by half
    When the state is recovered where nobody listens
    Then recover has given up and left all as it was
    When the migrator runs to its end
    Then no file that was done before is processed again
    And the books balance

Verify of a source that a run holds finds no difference, and the run ends well
    [Documentation]    Whoever looks waits for nobody, disturbs nobody, and tidies nothing up.
    [Tags]    fr-008    fr-013
    Given a file that needs several parts is at hand
    And the migrator is held within the large file
    Then verify finds no difference under the run
    When the migrator goes on to its end
    Then the books balance

Verify, retry and recover take every option as well
    [Documentation]    So that one line of options does for all commands of a job.
    Given files of the same names lie in many folders and archives
    When the migrator runs to its end
    Then verify, retry and recover take every option
    And the books balance

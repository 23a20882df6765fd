*** Settings ***
Name                US-3 Restart and state persistence
Documentation       As a developer, I need to know that work goes on correctly after the script is interrupted and
...                 started again, so that failures lose nothing and nothing is done twice.

Resource            ../resources/persistence.resource

Suite Setup         Set up the environment
Suite Teardown      Tear down the environment
Test Setup          Open a world
Test Teardown       Close the world

Test Tags           us-3


*** Test Cases ***
US-3 AC-1 A stop in the middle leaves a state on disk that tells done files from pending ones
    [Documentation]    Half of the uploads pass and the others are held, so that the middle is always the same middle.
    [Tags]    fr-007    fr-008
    Given the source holds the test data
    And the migrator is held half way
    When the migrator is told to stop
    Then the migrator has stopped gracefully
    And the state on disk tells done files from pending ones
    And the books agree so far

US-3 AC-2 A restart goes on from the last state and processes no done file again
    [Documentation]    No request after the restart uploads a key of a done file; each key keeps its one version;
    ...    attempts and times stay as they were.
    [Tags]    fr-009    fr-010    sc-003
    Given the migrator was stopped half way
    When the migrator runs to its end
    Then no file that was done before is processed again
    And every key has exactly one version
    And the books balance

US-3 AC-3 The final outcome equals that of a run that was never stopped
    [Documentation]    A twin gets the same files and runs through; bucket, folders and states are compared by content.
    [Tags]    fr-008    fr-013
    Given a twin was migrated without a stop
    And the migrator was stopped half way
    When the migrator runs to its end
    Then bucket, folders and states equal those of the twin

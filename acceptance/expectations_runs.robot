*** Settings ***
Name                Expectations of several runs
Documentation       What nobody writes down and everybody expects: any number of stops loses nothing, and a run with
...                 nothing to do leaves everything as it is.

Resource            ../resources/faults.resource

Suite Setup         Set up the environment
Suite Teardown      Tear down the environment
Test Setup          Open a world
Test Teardown       Close the world

Test Tags           runs


*** Test Cases ***
Five stops and resumes in a row lose nothing and upload nothing twice
    [Documentation]    Each run gets two uploads further before it is stopped, the last one in an outage.
    [Tags]    fr-007    fr-009    fr-010    sc-003
    Given the source holds a few files
    When the migrator is stopped and resumed five times
    And the migrator runs to its end
    Then no object was uploaded twice over all runs
    And the books balance

A run with nothing to do changes nothing anywhere
    [Documentation]    Neither state nor folders nor bucket; its exit code still tells of the file that is failed.
    [Tags]    fr-010    sc-003
    Given the source was migrated
    When the migrator runs to its end
    Then nothing has changed anywhere
    And the books balance

A source with nothing in it is migrated at once
    [Documentation]    Nothing to do is no error.
    [Tags]    fr-004
    Given the source is empty
    When the migrator runs to its end
    Then the inventory is empty
    And the books balance

A second signal ends a run at once and does no harm
    [Documentation]    Who presses Ctrl-C twice does not want to wait for an upload that hangs. What was under way may
    ...    stand in the state as after a kill; the next run sees to it.
    [Tags]    fr-007    fr-008
    Given the source holds a few files
    And the gate holds every upload
    When the migrator is told to stop and, while an upload hangs, told again
    Then it ends at once with the first signal's code
    And done, failed and pending files add up to the initial count
    When the migrator runs to its end
    Then the books balance

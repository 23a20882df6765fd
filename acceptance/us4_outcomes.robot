*** Settings ***
Name                US-4 Failed and completed files
Documentation       As a developer, I need files in their different states to be tracked correctly in the source
...                 folder, so that I can trust state management and error handling.

Resource            ../resources/persistence.resource

Suite Setup         Set up the environment
Suite Teardown      Tear down the environment
Test Setup          Open a world
Test Teardown       Close the world

Test Tags           us-4


*** Test Cases ***
US-4 AC-1 Every file lies in exactly one place, and that place is its state
    [Documentation]    In the middle the pending files are still where they arrived; at the end there are none.
    [Tags]    fr-011    fr-012
    Given the migrator was stopped half way
    And every file is where its state says
    When the migrator runs to its end
    Then every file is where its state says
    And no file is pending

US-4 AC-2 Every failed file is found with its reason in folder, reason file, state and log
    [Documentation]    The test data hold files that must fail, each for a reason of its own; all of them are found.
    [Tags]    fr-011    sc-004
    Given the source holds the test data
    When the migrator runs to its end
    Then every intended failure is found with its reason

US-4 AC-3 Done, failed and pending files add up to the initial count, and all books agree
    [Documentation]    Inventory, folders, state and bucket are compared one by one, in the middle and at the end.
    [Tags]    fr-012    fr-013    sc-006    sc-007
    Given the migrator was stopped half way
    And done, failed and pending files add up to the initial count
    When the migrator runs to its end
    Then done, failed and pending files add up to the initial count
    And the books balance

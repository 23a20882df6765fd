*** Settings ***
Name                The whole run
Documentation       Whoever starts this suite gets the machine back as it was, however the run ends. Here the suite is
...                 started as a process of its own and looked at from outside.

Resource            ../resources/whole_run.resource

Test Teardown       End whole run

Test Tags           fr-014    sc-008    whole-run


*** Test Cases ***
SC-001 Set-up, processing, restart, validation and clean-up take less than 5 minutes
    [Documentation]    A restart scenario has all five in it.
    [Tags]    sc-001
    When the restart scenario is run from start to end
    Then every test of it passed
    And it took less than 5 minutes
    And it left nothing behind

FR-014 A run whose scenario failed leaves nothing behind
    [Documentation]    The migrator under test is one that does nothing and says that it did well.
    When the restart scenario is run with a migrator that does nothing
    Then a test of it failed
    And it left nothing behind

FR-014 A run that was killed in the middle leaves nothing a minute later
    [Documentation]    Nobody can clean up after his own SIGKILL: a watchdog of the run does.
    Given the restart scenario runs
    When the run is killed in the middle
    Then it left nothing behind a minute later

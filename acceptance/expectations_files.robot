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

A file of 64 MiB is migrated in bounded memory
    [Documentation]    Whoever reads it whole needs several times its size.
    [Tags]    memory
    Given a file of 64 MiB is at hand
    When the migrator runs to its end while its memory is watched
    Then the run stayed below 512 MiB
    And every object holds the values and the origin of its source
    And the books balance

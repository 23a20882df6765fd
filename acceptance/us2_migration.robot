*** Settings ***
Name                US-2 File tracking and migration
Documentation       As a developer, I need all files tracked before processing and their migration to S3 as parquet
...                 validated, so that I know that the core of file processing and conversion works.

Resource            ../resources/persistence.resource

Suite Setup         Set up the environment
Suite Teardown      Tear down the environment
Test Setup          Open a world
Test Teardown       Close the world

Test Tags           us-2


*** Test Cases ***
US-2 AC-1 All files are inventoried with their initial states before the first upload
    [Documentation]    The first upload is held on its way, so that the inventory is seen as it was before any work.
    [Tags]    fr-004    sc-006
    Given the source holds the test data
    And the gate holds every upload
    When the migrator runs until an upload is held
    Then every file is in the inventory with its name, size, kind and format
    And no file is done

US-2 AC-2 Every convertible file becomes readable parquet that holds each of its values
    [Documentation]    Values are compared with those that the mock data were made of, not with what the migrator tells.
    [Tags]    fr-005    sc-002
    Given the source holds the test data
    When the migrator runs to its end
    Then every value of every convertible file is in its parquet object
    And every object opens as a data frame with those rows and columns

US-2 AC-3 Every parquet object lies under its key and tells which file it was made of
    [Documentation]    Metadata and footer outlive state and folders: from them alone everything can be recovered.
    [Tags]    fr-006
    Given the source holds the test data
    When the migrator runs to its end
    Then every object tells path, size, format and digest of its source file

US-2 AC-4 The bucket holds exactly the expected objects, none missing and none extra
    [Documentation]    The number and the set of keys come from the mock data; then all four books are compared.
    [Tags]    fr-013    sc-002    sc-007
    Given the source holds the test data
    When the migrator runs to its end
    Then the bucket holds exactly the expected objects
    And the books balance

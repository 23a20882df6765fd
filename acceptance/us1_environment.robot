*** Settings ***
Name                US-1 Docker test environment
Documentation       As a developer, I need an automated test that sets up a complete isolated environment with S3
...                 storage in Docker and test data, so that I can validate file processing without external services.

Resource            ../resources/persistence.resource

Suite Setup         Set up the environment
Suite Teardown      Tear down the environment
Test Setup          Open a world
Test Teardown       Close the world

Test Tags           us-1


*** Test Cases ***
US-1 AC-1 One container with an S3 service is launched and ready to accept connections
    [Documentation]    A server that listens is not yet one that works: it is healthy, it serves whoever signs,
    ...    and it refuses whoever does not.
    [Tags]    fr-001    sc-005
    [Setup]    Skip unless S3 server can    container
    Given no container of this run exists
    When the environment is set up
    Then exactly one container of this run runs
    And the server is healthy, serves a signed request and refuses an unsigned one
    And the environment was made in less than 30 seconds

US-1 AC-2 The test data hold at least 10 mock files of every archive and regular format
    [Documentation]    Each file bears its truth with it: the bytes on disk are the ones that the truth speaks of.
    [Tags]    fr-002
    Given the S3 server runs
    When the test data are made
    Then the test data hold at least 10 mock files
    And every archive and regular format is among them
    And every mock file is as its truth says

US-1 AC-3 The source folder exists, is its own, and equals the test data byte for byte
    [Documentation]    The migrator moves what lies in the source; the test data stay as the reference.
    [Tags]    fr-003
    Given the test data are made
    When the source is filled from the test data
    Then the source equals the test data byte for byte
    And the source shares no file with the test data

*** Settings ***
Name                Expectations of a cluster
Documentation       Who has many files gives the work to the workers of a Dask cluster: the same command, the same state
...                 and the same promises, whoever of the cluster dies.

Resource            ../resources/cluster.resource

Suite Setup         Set up the environment
Suite Teardown      Tear down the environment
Test Setup          Open a world
Test Teardown       Close the world and its cluster

Test Tags           cluster    extra


*** Test Cases ***
What a killed worker had is done by another one, and nothing is uploaded twice
    [Documentation]    The worker dies when an object of its is stored and nobody knows it yet.
    Given the source holds a few files
    And a cluster with one worker is running
    When the migrator runs on the cluster until an upload is stored whose answer is held
    And the worker is killed and another one takes its place
    Then the migrator has ended its work
    And no object was uploaded twice over all runs
    And the books balance

Without its scheduler a run leaves its work pending, and the next one goes on without a cluster
    [Documentation]    The state is the coordinator's alone, so that any run can go on.
    Given the source holds a few files
    And a cluster with one worker is running
    When the migrator runs on the cluster until an upload is stored whose answer is held
    And the scheduler is killed
    Then the migrator leaves work pending
    And no file bears the blame
    When the migrator runs to its end
    Then the books balance

A worker without credentials is named before anything is uploaded
    [Documentation]    Each worker uses the credentials of its own environment; none are sent to it.
    Given the source holds a few files
    And a cluster with one worker is running
    And a worker without credentials has joined
    When the migrator runs on the cluster
    Then it names the worker that lacks credentials and has uploaded nothing

*** Settings ***
Name                Edge 3 Killed by SIGKILL
Documentation       What happens if the script is killed forcefully instead of gracefully stopped? The next run heals
...                 it, wherever the kill struck: nothing is lost, uploaded twice or left over.

Resource            ../resources/kills.resource

Suite Setup         Set up the environment
Suite Teardown      Tear down the environment
Test Setup          Open a world
Test Teardown       Close the world

Test Tags           edge-3    fr-008    fr-010


*** Test Cases ***
A kill at any request, before it reaches the server, is healed by the next run
    [Documentation]    Every other point kills the process group, the rest the migrator's own process alone.
    Given few small files are at hand
    When a run is killed at each of its requests before it reaches the server
    Then the books of every resumed run balance

A kill at any request, after the server answered, is healed, and what was stored is adopted
    [Documentation]    The object is in the bucket and the migrator was never told: it must not upload it again.
    Given few small files are at hand
    When a run is killed at each of its requests after the server answered
    Then the books of every resumed run balance

A kill at any step of a multipart upload leaves no part behind after the next run
    [Documentation]    Parts cost money and no listing of objects shows them.
    Given a file that needs several parts is at hand
    When a run is killed at each step of the upload
    Then the books of every resumed run balance

A kill at a random moment is healed by the next run
    [Documentation]    Also between requests: while the inventory is made, a file converted or the state written.
    Given few small files are at hand
    When runs are killed at random moments
    Then the books of every resumed run balance

A kill right after a file was moved is healed by the next run
    [Documentation]    The folders know already what the state may not know yet.
    Given few small files are at hand
    When runs are killed as soon as a file has been moved
    Then the books of every resumed run balance

A kill during the resume, and another one after it, are healed by the next run
    [Documentation]    What heals must itself be safe to kill.
    Given few small files are at hand
    When runs, the runs that resume them, and the next ones are killed
    Then the books of every resumed run balance

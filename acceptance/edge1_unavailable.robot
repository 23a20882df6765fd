*** Settings ***
Name                Edge 1 The container fails to start, or S3 is unavailable
Documentation       What happens when the Docker container fails to start or the S3 service is unavailable? An
...                 environment that cannot be made is told at once and in red. An outage is no file's fault: the
...                 migrator gives up in time, every file stays pending, and the next run ends the work.

Resource            ../resources/faults.resource

Suite Setup         Set up the environment
Suite Teardown      Tear down the environment
Test Setup          Open a world
Test Teardown       Close the world

Test Tags           edge-1


*** Test Cases ***
A server whose image is missing fails at once, and nothing is left of it
    [Documentation]    No registry has it; the error names the image and what was tried.
    [Tags]    fr-001    fr-014
    [Setup]    Skip unless S3 server can    container
    Given the server cannot start because    its image is missing
    When the server is started
    Then it fails clearly within a minute
    And nothing is left of the attempt

A server whose given port is taken fails at once, and nothing is left of it
    [Documentation]    Another process listens there.
    [Tags]    fr-001    fr-014
    [Setup]    Skip unless S3 server can    container
    Given the server cannot start because    the port it was given is taken
    When the server is started
    Then it fails clearly within a minute
    And nothing is left of the attempt

A server whose container exits while it starts fails at once, and nothing is left of it
    [Documentation]    The error holds the container's last words.
    [Tags]    fr-001    fr-014
    [Setup]    Skip unless S3 server can    container
    Given the server cannot start because    its container exits while it starts
    When the server is started
    Then it fails clearly within a minute
    And nothing is left of the attempt

A server that never gets ready fails when its time is over, and nothing is left of it
    [Documentation]    The error says what was asked, what came back, and how long it waited.
    [Tags]    fr-001    fr-014
    [Setup]    Skip unless S3 server can    container
    Given the server cannot start because    it never gets ready
    When the server is started
    Then it fails clearly within a minute
    And nothing is left of the attempt

A run of the suite without a server is red, never a skip, and leaves nothing
    [Documentation]    A scenario that could not be set up has proved nothing.
    [Tags]    fr-001    fr-014    whole-run
    [Setup]    Skip unless S3 server can    container
    When a scenario is run whose image is missing
    Then it is red, and says that the image is missing
    And it left nothing behind
    [Teardown]    End whole run

A migrator that finds nobody listening gives up in time, and the next run does the work
    [Documentation]    Every connection is refused, from the first request on.
    [Tags]    fr-008    fr-011
    Given the source holds a few files
    When the migrator runs where nobody listens
    Then the migrator gives up within its patience
    And every file is pending where it arrived
    When the migrator runs to its end
    Then the books balance

A migrator with wrong credentials gives up at once, and the next run does the work
    [Documentation]    Two error codes, one end: a refusal of everybody is not retried, and blames no file.
    [Tags]    fr-008    fr-011
    Given the source holds a few files
    When the migrator runs with an unknown access key
    Then the migrator gives up at once
    When the migrator runs with a wrong secret key
    Then the migrator gives up at once
    And every file is pending where it arrived
    When the migrator runs to its end
    Then the books balance

A migrator whose bucket does not exist gives up at once, and the next run does the work
    [Documentation]    The bucket is not made by the migrator either.
    [Tags]    fr-008    fr-011
    Given the source holds a few files
    When the migrator runs with a bucket that does not exist
    Then the migrator gives up at once
    And every file is pending where it arrived
    When the migrator runs to its end
    Then the books balance

A server that is stopped half way blames no file, and the next run ends the work
    [Documentation]    What was uploaded before is not uploaded again.
    [Tags]    fr-008    fr-010    fr-011
    [Setup]    Open a world on a server of its own
    Given the source holds a few files
    And the migrator is held half way and has little patience
    When the server is stopped
    Then the migrator gives up within its patience
    And no file bears the blame
    When the server is back
    And the migrator runs to its end
    Then the books balance
    [Teardown]    Close the world and its server

A server that is killed half way blames no file, and the next run ends the work
    [Documentation]    SIGKILL, and then a start on the data that it kept.
    [Tags]    fr-008    fr-010    fr-011
    [Setup]    Open a world on a server of its own
    Given the source holds a few files
    And the migrator is held half way and has little patience
    When the server is killed
    Then the migrator gives up within its patience
    And no file bears the blame
    When the server is back
    And the migrator runs to its end
    Then the books balance
    [Teardown]    Close the world and its server

A server that freezes half way is given up in time, and the next run ends the work
    [Documentation]    It takes connections and answers nobody. What it was sent before it froze it may still carry
    ...    out when it thaws; the next run adopts that.
    [Tags]    fr-008    fr-010    fr-011    long-wait
    [Setup]    Open a world on a server of its own
    Given the source holds a few files
    And the migrator is held half way and has little patience
    When the server freezes
    Then the migrator gives up within its patience
    And no file bears the blame
    When the server is back
    And the migrator runs to its end
    Then the books balance
    [Teardown]    Close the world and its server

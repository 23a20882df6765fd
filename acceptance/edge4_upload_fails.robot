*** Settings ***
Name                Edge 4 The storage is full, or an upload fails partway
Documentation       What happens when S3 storage is full or an upload fails partway through? What passes is retried;
...                 what stays leaves files pending; what concerns one file alone fails that file with its reason.

Resource            ../resources/faults.resource

Suite Setup         Set up the environment
Suite Teardown      Tear down the environment
Test Setup          Open a world
Test Teardown       Close the world

Test Tags           edge-4


*** Test Cases ***
A data volume that fills up half way blames no file, and the next run ends the work
    [Documentation]    A real server on a volume of a few MiB, with its own way of saying that it is full.
    [Tags]    fr-008    fr-010    fr-011
    [Setup]    Open a world on a server with a small data volume
    Given the source holds a few files
    And the migrator is held half way and has little patience
    When the data volume fills up
    Then the migrator gives up within its patience
    And no file bears the blame
    When there is room on the data volume again
    And the migrator runs to its end
    Then the books balance
    [Teardown]    Close the world and its server

A server that is out of order for a moment is tried again, as if nothing had happened
    [Documentation]    503, 500 and 507 are the server's fault and no file's; each key gets one version.
    [Tags]    fr-006    sc-007
    Given the source holds a few files
    And some uploads are answered with 503, 500 and 507 before they succeed
    When the migrator runs to its end
    Then every key has exactly one version
    And the books balance

An outage that is shorter than the run's patience is borne, as if nothing had happened
    [Documentation]    How often it tries within the 60 seconds of `--retry-for` is free; how long it tries is not.
    [Tags]    fr-006    sc-007
    Given the source holds a few files
    And the migrator is held half way
    When the server is out of order for five seconds
    Then every key has exactly one version
    And the books balance

An upload that is cut in mid-body is tried again, and nothing half is stored
    [Documentation]    Once within a small object and once within a large one; the objects are read back whole, and
    ...    those that were uploaded in parts tell where they are from like all others.
    [Tags]    fr-006    sc-002
    Given the source holds a few files and a large one
    And a small and a large upload are cut in mid-body once
    When the migrator runs to its end
    Then every value of every convertible file is in its parquet object
    And every object tells path, size, format and digest of its source file
    And the books balance

An answer that is lost makes no second version
    [Documentation]    The server has stored the object; whoever simply uploads again stores it twice.
    [Tags]    fr-006    sc-003
    Given the source holds a few files and a large one
    And the answers to a small and a large upload are lost once
    When the migrator runs to its end
    Then every key has exactly one version
    And the books balance

An upload that hangs is given up in time and tried again, as if nothing had happened
    [Documentation]    One never reaches the server, and the answer to another never comes; all others pass.
    [Tags]    fr-006    long-wait    sc-003
    Given the source holds a few files and a large one
    And a small and a large upload hang once
    When the migrator runs to its end
    Then the uploads that hung were given up within 15 seconds
    And every key has exactly one version
    And the books balance

A file that the target refuses is failed with its reason, and the others are done
    [Documentation]    One file's refusal is that file's fault, as others are taken.
    [Tags]    fr-011    sc-004
    Given the source holds a few files
    And the target refuses one file as too large and another as forbidden
    When the migrator runs to its end
    Then every intended failure is found with its reason
    And the books balance

A file of which one object is refused leaves none of its objects behind
    [Documentation]    An archive's other member and a dump's other table are taken back.
    [Tags]    fr-011    sc-004
    Given the source holds a few files
    And the target refuses one object of an archive and one of a dump
    When the migrator runs to its end
    Then every intended failure is found with its reason
    And the books balance

A server that fails at one object alone blames no file, and the next run ends the work
    [Documentation]    No 5xx is ever a file's fault, however often it comes and however well the others do.
    [Tags]    fr-008    fr-011
    Given the source holds a few files
    And the server answers every upload of one file with 502
    When the migrator runs with little patience
    Then the migrator leaves work pending
    And no file bears the blame
    When the target takes everything again
    And the migrator runs to its end
    Then the books balance

A target that refuses every file blames none of them, and the next run does the work
    [Documentation]    Where nothing at all is taken, the fault is not the files'.
    [Tags]    fr-008    fr-011
    Given the source holds a few files
    And the target refuses every object
    When the migrator runs with little patience
    Then the migrator leaves work pending
    And every file is pending where it arrived
    When the target takes everything again
    And the migrator runs to its end
    Then the books balance

A server that stays overloaded blames no file, and no part of an upload is left after the next run
    [Documentation]    The outage begins between two parts of a large object, so that nobody can abort the upload
    ...    then; retrying goes on from the last success, however old the run is, and has an end.
    [Tags]    fr-006    fr-008    fr-010    fr-011
    Given the source holds a few files and a large one
    And the migrator is held within the large file for longer than its patience
    When the server is overloaded and stays so
    Then the migrator gives up within its patience, which begins with the last success
    And no file bears the blame
    When the server is back
    And the migrator runs to its end
    Then the books balance

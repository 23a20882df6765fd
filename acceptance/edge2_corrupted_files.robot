*** Settings ***
Name                Edge 2 Corrupted files
Documentation       What happens when a file is corrupted and cannot be converted to parquet? It is failed with the
...                 reason that is its own, nothing of it is uploaded, and the good files beside it are done.

Resource            ../resources/edges.resource

Suite Setup         Set up the environment
Suite Teardown      Tear down the environment
Test Setup          Open a world
Test Teardown       Close the world

Test Tags           edge-2    fr-011


*** Test Cases ***
Every bad file is failed with its own reason code, and the good ones beside it are done
    [Documentation]    Each reason code that a file can have by itself, most of them in several ways.
    [Tags]    sc-004
    Given bad files of every reason code lie beside good ones
    When the migrator runs to its end
    Then every reason code is found
    And nothing of a failed file was uploaded
    And every intended failure is found with its reason
    And the books balance

One bad member fails its archive, whichever its kind, and uploads nothing of it
    [Documentation]    The reason has the member's code and names the member; its good neighbours go with it.
    [Tags]    sc-004
    Given archives of every kind hold one bad member each
    When the migrator runs to its end
    Then every reason names the member
    And nothing of a failed file was uploaded
    And the books balance

An archive that would unpack to far too much, or is too deep, is failed before anything is uploaded
    [Documentation]    One just within the limits is done.
    Given archives lie on both sides of the limits
    When the migrator runs to its end with a small unpack limit
    Then nothing of a failed file was uploaded
    And every object holds the values and the origin of its source
    And the books balance

A file that is removed under the run is failed as vanished and leaves no object behind
    [Documentation]    One of them when its upload was on its way already; the state alone can tell of it.
    [Tags]    fr-012
    Given files that will arrive again are at hand
    And the migrator runs until an upload of a csv file is held
    When the file whose upload is held and another one are removed
    And the migrator goes on to its end
    Then the books balance

A folder that may not be read leaves work pending, and the next run migrates what is in it
    [Documentation]    Nobody knows what is in it, so that no run may say that all is done.
    [Tags]    fr-004
    Given files that will arrive again are at hand
    And nobody may read a folder of the source
    When the migrator runs until it ends
    Then the migrator leaves work pending, and what is in the folder is untouched
    When the folder may be read again
    And the migrator runs to its end
    Then the books balance

A file that may not be read is failed as unreadable, and done once it may be
    [Documentation]    The others are done; it is no outage, and no defect either.
    [Tags]    sc-004
    Given files that will arrive again are at hand
    And nobody may read one of them
    When the migrator runs to its end
    Then that file is failed as unreadable, untouched and without an object
    When it may be read again and lies where it arrived
    And the migrator runs to its end
    Then the books balance

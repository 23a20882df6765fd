*** Settings ***
Name                Edge 6 Duplicate names and special characters
Documentation       What happens when mock files have duplicate names or special characters? Each keeps its own key
...                 and place, nothing is ever overwritten, and what no server can hold is failed with a reason.

Resource            ../resources/state.resource

Suite Setup         Set up the environment
Suite Teardown      Tear down the environment
Test Setup          Open a world
Test Teardown       Close the world

Test Tags           edge-6


*** Test Cases ***
Every name that a file system can hold ends under its own key or with its reason
    [Documentation]    Bytes of every kind, and names that look like an escape, an option or a folder.
    [Tags]    fr-006
    Given files of every hard name are at hand
    When the migrator runs to its end
    Then every object holds the values and the origin of its source
    And the books balance

A name with control characters or backslashes ends under its own key or with its reason
    [Documentation]    Listings are XML, which cannot hold them as they are; the server decides about the key.
    [Tags]    fr-006
    Given files with names that are hard to list are at hand
    When the migrator runs to its end
    Then every object holds the values and the origin of its source
    And the books balance

A name as long as a file system takes it ends under its key or with its reason
    [Documentation]    A segment of its key is over 255 bytes, which the server decides about; its reason's name is cut.
    [Tags]    fr-006
    Given files with names as long as can be are at hand
    When the migrator runs to its end
    Then every object holds the values and the origin of its source
    And the books balance

The same name in other folders, archives, cases and normal forms is another object
    [Documentation]    Each file holds a value of its own, so that one in another's place is seen.
    [Tags]    fr-006
    Given files of the same names lie in many folders and archives
    When the migrator runs to its end
    Then every object holds the values and the origin of its source
    And the books balance

The same path with the same bytes is done without another upload
    [Documentation]    Its name in `done/` is taken, so that `~2` goes before the extensions; where a backup of the
    ...    state knows nothing of it, folders and bucket still tell that it is done.
    [Tags]    fr-010
    Given files were migrated
    And a copy of the state is kept
    And the same bytes arrive at the paths of done files
    When the migrator runs to its end
    Then nothing is uploaded
    And the books balance
    When the copy of the state is put back
    And the migrator runs to its end
    Then nothing is uploaded
    And the books balance

The same path with other bytes is failed, and the object that is there stays
    [Documentation]    Which of the two is meant is not for the migrator to guess.
    [Tags]    fr-011
    Given files were migrated
    And other bytes arrive at the paths of done files
    When the migrator runs to its end
    Then nothing is uploaded
    And every object holds the values and the origin of its source
    And the books balance

A path that failed is free for a new file, and a second failure gets a name of its own
    [Documentation]    Neither the failed file nor its reason is overwritten; a lost state is known again by them.
    [Tags]    fr-011
    Given files were migrated
    And the same bytes arrive at the paths of failed files
    And the migrator runs to its end
    And the state is removed
    And a repaired file arrives at the path of a failed one
    When the migrator runs to its end
    Then every object holds the values and the origin of its source
    And the books balance

Names that somebody took in done and failed are left alone and passed by
    [Documentation]    Also where it is the reason's name that is taken, and where a folder's name is a file's.
    [Tags]    fr-012
    Given the migrator has run over the empty source
    And files that will arrive again are at hand
    And somebody has taken names in done and failed
    And somebody has put files where folders must be made
    When the migrator runs to its end
    Then the books balance

Hidden files, links, sockets and pipes are not inventoried and stay untouched
    [Documentation]    A hard link is a file, and its other name keeps its bytes.
    [Tags]    fr-004
    Given files that will arrive again are at hand
    And hidden files, links, a socket and a pipe lie beside them
    When the migrator runs to its end
    Then the books balance

A key that holds somebody else's object is never overwritten
    [Documentation]    The file is failed, and of an archive no other member is uploaded.
    [Tags]    fr-006    fr-011
    Given files that will arrive again are at hand
    And somebody has put objects under keys of files
    When the migrator runs to its end
    Then the books balance

A folder under the name of a done archive keeps its files apart from the archive's members
    [Documentation]    The file whose key a member has is failed, the one beside it is done.
    [Tags]    fr-006
    Given files were migrated
    And a folder arrives under the name of a done archive
    When the migrator runs to its end
    Then every object holds the values and the origin of its source
    And the books balance

// Package config reads the one YAML file that says what feedmill serves, and makes the same of plain SOURCE arguments.
//
// # Strict
//
// Whatever the file says is used or refused: an unknown key, a wrong value, a missing variable and a setting that this
// version does not serve yet are errors. All errors of a file are reported in one pass, each with file:line:column,
// the path of the key, the value seen and the next step.
//
// # Secrets
//
// A value may hold ${VAR} from the environment ($$ is a plain $). A field with the tag secret:"true" can also be given
// as KEY_file: the name of a file that holds it. Neither the text of a secret nor what a variable expanded to appears in
// an error of this package; the Check of a kind must not repeat a secret either.
//
// # Kinds of source
//
// The package knows no adapter. The kinds are handed in; of their config types it reads the tags yaml (the key),
// secret ("true") and doc (one line for people, for the schema and for `feedmill init`). A key that every source takes,
// such as interval, cannot be a key of a kind. An error of Check that begins with "KEY: " is reported at that key.
package config

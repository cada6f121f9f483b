/** Owns the words for a document that does not fit the schema: graphql-js' messages without what the sender wrote. */

/**
 * graphql-js' message → ours. What is captured is in every case the schema's own name: a message about the field `x` of `Tenant`
 * quotes both, and only `Tenant` is known to be no secret. Where in the document it stands is in the error's `locations`.
 */
const WORDS: readonly [RegExp, string][] = [
  [/^Cannot query field "\w+" on type "(\w+)"/, "$1 has no such field"],
  [/^Unknown argument "\w+" on field "(\w+\.\w+)"/, "$1 has no such argument"],
  [/^Field "(\w+)" argument "(\w+)" of type "([\w[\]!]+)" is required/, "$1 needs the argument $2 of type $3"],
  [/^Field "(\w+)" must not have a selection since type "([\w[\]!]+)" has no subfields/, "$1 is a $2, which has no fields to select"],
  [/^Field "(\w+)" of type "([\w[\]!]+)" must have a selection of subfields/, "$1 is a $2: select fields of it"],
  [/^Field "(\w+\.\w+)" of required type "([\w[\]!]+)" was not provided/, "$1 of type $2 is required"],
  [/^Field "\w+" is not defined by type "(\w+)"/, "$1 has no such field"],
  [/^Unknown type /, "There is no such type"],
  [/^Unknown directive /, "There is no such directive"],
  [/^Unknown fragment /, "The document has no fragment of that name"],
  [/^Fragment "\w+" is never used/, "The document has a fragment that is never used"],
  [/^Cannot spread fragment "\w+" within itself/, "A fragment contains itself"],
  [/^Fragment (?:"\w+" )?cannot be spread here as objects of type "(\w+)" can never be of type "(\w+)"/, "A $1 can never be a $2"],
  [/^Variable "\$\w+" is not defined/, "The operation uses a variable that it does not declare"],
  [/^Variable "\$\w+" is never used/, "The operation declares a variable that it does not use"],
  [/^Variable "\$\w+" of type "([\w[\]!]+)" used in position expecting type "([\w[\]!]+)"/, "A variable of type $1 stands where $2 is expected"],
  [/^Fields ".*" conflict because /s, "Two fields have one name in the answer but differ: give one of them an alias"],
  [/^(?:Expected value of type|Enum) "([\w[\]!]+)"/, "A value of type $1 is expected"],
  [/^(ID|Int|Float|String|Boolean) cannot represent /, "A value of type $1 is expected"],
  [/^GraphQL introspection is not allowed/, "Introspection is switched off"],
];

const OTHERWISE = "The document does not fit the schema";

/** The words for one of graphql-js' validation messages. */
export function validationWords(message: string): string {
  for (const [pattern, words] of WORDS) {
    const match = pattern.exec(message);
    if (match) return words.replace(/\$(\d)/g, (_, group: string) => match[Number(group)] ?? "");
  }
  return OTHERWISE;
}

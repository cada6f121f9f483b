/** Owns how the settings of a row are written into an answer by the statement that reads the row. */
import { isEnumType } from "graphql";
import sql, { raw } from "sql-template-tag";
import { enumName } from "../kernel/column-projection.js";
import { aliasOf, declareWrite, objectTypeOf, writeObject } from "../kernel/projection.js";
import { SETTING_KEYS } from "./settings.js";

for (const key of SETTING_KEYS) {
  const place = `own.settings ->> '${key}'`;
  declareWrite("Settings", key, ({ field: { type } }) => sql`${raw(isEnumType(type) ? enumName(`(${place})`, type) : place)}`);
}

/** Declare that a type's rows have a column `settings` behind the field of that name. */
export function declareSettings(typeName: string): void {
  declareWrite(typeName, "settings", ({ field, nodes }, at) => {
    const type = objectTypeOf(field);
    const row = type && writeObject(type, nodes, at);
    return row && sql`(select ${row} from (select ${raw(aliasOf(typeName))}.settings) as own)`;
  });
}

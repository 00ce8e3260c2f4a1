// Writes src/api/types.ts from ../spec/openapi.json: one interface a schema, so that the page cannot know the API otherwise
// than the server does. Run before every check and build; the result is not kept in the repository.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const web = dirname(dirname(fileURLToPath(import.meta.url)));
const spec = JSON.parse(readFileSync(join(web, "../spec/openapi.json"), "utf8"));

function type(schema) {
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(" | ");
  if (schema.oneOf || schema.anyOf) return (schema.oneOf ?? schema.anyOf).map(type).join(" | ");
  if (schema.allOf) return schema.allOf.map(type).join(" & ");
  switch (schema.type) {
    case "string": return "string";
    case "integer":
    case "number": return "number";
    case "boolean": return "boolean";
    case "array": return `Array<${type(schema.items ?? {})}>`;
    case "object": return schema.properties ? members(schema) : record(schema);
    default: return "unknown";
  }
}

function record(schema) {
  return `Record<string, ${typeof schema.additionalProperties === "object" ? type(schema.additionalProperties) : "unknown"}>`;
}

function members(schema) {
  const needed = new Set(schema.required ?? []);
  const lines = Object.entries(schema.properties).map(
    ([name, one]) => `  ${/^\w+$/.test(name) ? name : JSON.stringify(name)}${needed.has(name) ? "" : "?"}: ${type(one)};`);
  return `{\n${lines.join("\n")}\n}`;
}

const out = ["// Made by tools/types.mjs from spec/openapi.json."];
for (const [name, schema] of Object.entries(spec.components.schemas)) out.push(`export type ${name} = ${type(schema)};`);
mkdirSync(join(web, "src/api"), { recursive: true });
writeFileSync(join(web, "src/api/types.ts"), out.join("\n") + "\n");

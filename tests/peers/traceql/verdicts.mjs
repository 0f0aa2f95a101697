// Reads a JSON array of queries, writes a JSON array: true where Grafana's grammar parses the query without an error.
import { readFileSync } from "node:fs";
import { parser } from "@grafana/lezer-traceql";

function parses(query) {
  let clean = true;
  parser.parse(query).iterate({
    enter(node) {
      if (node.type.isError) clean = false;
    },
  });
  return clean;
}

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(parses)));

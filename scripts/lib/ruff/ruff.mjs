// SPDX-License-Identifier: GPL-2.0-or-later
//
// Ruff's checks where there is no ruff program: its WebAssembly build, which scripts/setup installs by npm.
//
//     node ruff.mjs FOLDER <request     {"options": ruff.toml as JSON, "files": [path, ...]}
//
// Prints 'file:line:column: code words' for each finding; exit code 1 when there is one.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const folder = process.argv[2];
const { PositionEncoding, Workspace } = createRequire(`${folder}/`)("@astral-sh/ruff-wasm-nodejs");
const { options, files } = JSON.parse(readFileSync(0, "utf8"));
const workspace = new Workspace(options, PositionEncoding.Utf32);

let found = 0;
for (const file of files) {
    for (const { code, message, start_location: { row, column } } of workspace.check(readFileSync(file, "utf8"))) {
        console.log(`${file}:${row}:${column}: ${code ?? "syntax"} ${message}`);
        found += 1;
    }
}
process.exitCode = found ? 1 : 0;

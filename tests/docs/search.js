// Queries the index of the built site with the site's own code: node search.js docs/_build < queries (a JSON array).
// Prints, for each query, the pages found, best first.
"use strict";
const fs = require("fs");
const path = require("path");
const vm = require("vm");

const build = process.argv[2];
const context = vm.createContext({
  // What searchtools.js needs of a browser before it shows results.
  DOCUMENTATION_OPTIONS: { BUILDER: "html", FILE_SUFFIX: ".html", LINK_SUFFIX: ".html", SHOW_SEARCH_SUMMARY: true },
  document: { documentElement: { dataset: { content_root: "" } }, getElementById: () => null },
  SPHINX_HIGHLIGHT_ENABLED: false,
  _: (text) => text,
  _ready: () => {},
  _removeChildren: () => {},
  localStorage: { setItem: () => {}, removeItem: () => {} },
  console,
});
context.window = context;
const scripts = ["_static/base-stemmer.js", "_static/english-stemmer.js", "_static/language_data.js", "_static/searchtools.js"];
for (const script of [...scripts, "searchindex.js"])
  vm.runInContext(fs.readFileSync(path.join(build, script), "utf-8"), context, { filename: script });

context.queries = JSON.parse(fs.readFileSync(0, "utf-8"));
const found = vm.runInContext(
  "queries.map(query => Search._performSearch(...Search._parseQuery(query)).reverse().map(result => result[0]))",
  context,
);
// A page is in the results once for each of its headings that match.
console.log(JSON.stringify(found.map((pages) => [...new Set(pages)])));

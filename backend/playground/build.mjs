// Bundles the playground into the folder that is named on the command line: one page, no inline script, every
// asset under /playground/ with its hash in its name.
import { build } from "esbuild";
import { basename } from "node:path";
import { writeFile } from "node:fs/promises";

const [out] = process.argv.slice(2);
if (!out) {
  console.error("usage: node build.mjs FOLDER");
  process.exit(2);
}

const common = {
  bundle: true,
  minify: true,
  define: { "process.env.NODE_ENV": '"production"' },
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  loader: { ".ttf": "file" },
  legalComments: "linked",
  logLevel: "warning",
  metafile: true,
  outdir: out,
  publicPath: "/playground/",
  target: "es2022",
};

// Workers are scripts of their own: a page's bundle cannot hold them.
const workers = await build({
  ...common,
  format: "iife",
  entryPoints: {
    "editor-worker": "monaco-editor/esm/vs/editor/editor.worker.js",
    "graphql-worker": "monaco-graphql/esm/graphql.worker.js",
    "json-worker": "monaco-editor/esm/vs/language/json/json.worker.js",
  },
});
const url = (file) => `/playground/${basename(file)}`;
const workerUrls = Object.fromEntries(
  Object.keys(workers.metafile.outputs)
    .filter((file) => file.endsWith(".js"))
    .map((file) => [basename(file).split("-worker-")[0], url(file)]),
);

const page = await build({
  ...common,
  format: "esm",
  splitting: true,
  entryPoints: { playground: "src/main.js" },
  define: { ...common.define, WORKER_URLS: JSON.stringify(workerUrls) },
});
// Modules that are loaded later are entry points too.
const [script, { cssBundle }] = Object.entries(page.metafile.outputs).find(
  ([, output]) => output.entryPoint === "src/main.js",
);

await writeFile(
  `${out}/index.html`,
  `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Pulsekeep: GraphQL playground</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="${url(cssBundle)}">
    <script type="module" src="${url(script)}"></script>
  </head>
  <body>
    <div id="playground"></div>
  </body>
</html>
`,
);

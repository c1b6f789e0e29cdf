// Bundles charts.js into the file that is named on the command line, as the global `echarts`.
import { build } from "esbuild";

const [out] = process.argv.slice(2);
if (!out) {
  console.error("usage: node build.mjs FILE");
  process.exit(2);
}

await build({
  entryPoints: ["charts.js"],
  bundle: true,
  minify: true,
  format: "iife",
  globalName: "echarts",
  target: "es2020",
  define: { "process.env.NODE_ENV": '"production"' },
  legalComments: "none",
  banner: {
    js:
      "/* Apache ECharts, (c) The Apache Software Foundation, Apache-2.0; " +
      "zrender, (c) 2017 Baidu Inc., BSD-3-Clause; tslib, (c) Microsoft Corporation, 0BSD. Parts of them. */",
  },
  logLevel: "warning",
  outfile: out,
});

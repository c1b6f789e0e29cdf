import "graphiql/style.css";
import "./page.css";
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { createElement } from "react";
import { createRoot } from "react-dom/client";

// Filled in by build.mjs.
const workers = WORKER_URLS;
globalThis.MonacoEnvironment = {
  getWorker: (_id, label) => new Worker(workers[label] ?? workers.editor),
};

const FIRST_QUERY = `# Ctrl-Enter runs it. The reader is whoever is signed in.
query Me {
  viewer {
    user {
      id
      displayName
      timeZone
    }
  }
}
`;

const socket = new URL("/graphql/ws", window.location.href);
socket.protocol = socket.protocol.replace("http", "ws");

const fetcher = createGraphiQLFetcher({ url: "/graphql", subscriptionUrl: socket.href });

createRoot(document.getElementById("playground")).render(
  createElement(GraphiQL, { fetcher, defaultQuery: FIRST_QUERY }),
);

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** How somebody signs in. */
export interface SignIn {
  email: string;
  password: string;
}

/** What `pulsekeep demo --print-json` writes when it is ready. */
interface Ready {
  url: string;
  admin: SignIn;
  member: SignIn;
  simulator_url: string;
}

const READY_WITHIN_MS = 60_000;
const STOPPED_WITHIN_MS = 15_000;

function builtBy(variable: string): string {
  const path = process.env[variable];
  if (!path) throw new Error(`${variable} is not set: run the tests by \`cargo xtask test --only browser\``);
  return resolve(path);
}

/** `pulsekeep demo`, the real program, on free ports and with a data folder of its own. */
export class Product {
  private constructor(
    private readonly process: ChildProcess,
    private readonly folder: string,
    private readonly ready: Ready,
  ) {}

  static async start(): Promise<Product> {
    const folder = mkdtempSync(join(tmpdir(), "pulsekeep-e2e-"));
    const readyFile = join(folder, "ready.json");
    const playground = process.env["PULSEKEEP_PLAYGROUND_ROOT"];
    const args = [
      "demo",
      ...["--listen", "127.0.0.1:0"],
      ...["--data-dir", join(folder, "data")],
      ...["--web-root", builtBy("PULSEKEEP_WEB_ROOT")],
      ...(playground ? ["--playground-root", resolve(playground)] : []),
      ...["--print-json", readyFile],
    ];
    const log = openSync(join(folder, "log"), "w");
    const child = spawn(builtBy("PULSEKEEP_BIN"), args, { cwd: folder, stdio: ["ignore", log, log] });
    closeSync(log);
    // However this program ends, the server does not outlive it.
    const killed = () => child.kill("SIGKILL");
    process.once("exit", killed);
    child.once("exit", () => process.off("exit", killed));
    try {
      return new Product(child, folder, await waitForReady(child, readyFile));
    } catch (error) {
      child.kill("SIGKILL");
      throw new Error(`pulsekeep demo did not start: ${error}\n${readFileSync(join(folder, "log"), "utf8")}`);
    }
  }

  get url(): string {
    return this.ready.url.replace(/\/$/, "");
  }

  get simulatorUrl(): string {
    return this.ready.simulator_url.replace(/\/$/, "");
  }

  get admin(): SignIn {
    return this.ready.admin;
  }

  get member(): SignIn {
    return this.ready.member;
  }

  /** What the server has logged so far. */
  log(): string {
    return readFileSync(join(this.folder, "log"), "utf8");
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const exited = once(this.process, "exit");
      this.process.kill("SIGTERM");
      const timer = setTimeout(() => this.process.kill("SIGKILL"), STOPPED_WITHIN_MS);
      await exited;
      clearTimeout(timer);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function waitForReady(child: ChildProcess, file: string): Promise<Ready> {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error("it ended");
    try {
      return JSON.parse(readFileSync(file, "utf8")) as Ready;
    } catch {
      // Not there yet, or not whole yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`it was not ready within ${READY_WITHIN_MS / 1000} s`);
}

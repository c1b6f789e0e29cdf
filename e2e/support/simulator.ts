/** What goes wrong at the simulated providers, and for which requests; what is left out matches all. */
export interface FaultRule {
  provider?: "google" | "fitbit";
  person?: string;
  path_prefix?: string;
  data_type?: string;
  count?: number;
  kind: string;
  status?: number;
  ms?: number;
  retry_after?: number;
}

/** The control API of the simulated outside world. */
export class Simulator {
  constructor(private readonly url: string) {}

  /** Puts these faults in place of all others. */
  async faults(rules: FaultRule[]): Promise<void> {
    await this.call("PUT", "/control/faults", rules);
  }

  /** No faults. */
  async rest(): Promise<void> {
    await this.faults([]);
  }

  private async call(method: string, path: string, body?: unknown): Promise<Response> {
    const headers = { "content-type": "application/json" };
    const response = await fetch(this.url + path, body === undefined ? { method } : { method, headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  }
}

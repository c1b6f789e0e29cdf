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

/** A person that the simulated providers know. */
export interface Person {
  id: string;
  name: string;
  google_id: string;
  fitbit_id: string;
  time_zone: string;
  special: string;
}

/** What a person really has on a civil day. */
export interface Truth {
  day: string;
  known: boolean;
  steps: number | null;
  distance_m: number | null;
  calories_kcal: number | null;
  active_zone_minutes: number | null;
  heart_rate_min: number | null;
  heart_rate_max: number | null;
  resting_heart_rate: number | null;
  hrv_rmssd_ms: number | null;
  sleep_minutes_asleep: number | null;
}

/** The control API of the simulated outside world. */
export class Simulator {
  constructor(private readonly url: string) {}

  async people(): Promise<Person[]> {
    const { people } = (await this.call("GET", "/control/people")) as { people: Person[] };
    return people;
  }

  async truth(person: string, day: string): Promise<Truth> {
    return (await this.call("GET", `/control/people/${person}/truth?day=${day}`)) as Truth;
  }

  /** Puts these faults in place of all others. */
  async faults(rules: FaultRule[]): Promise<void> {
    await this.call("PUT", "/control/faults", rules);
  }

  /** No faults. */
  async rest(): Promise<void> {
    await this.faults([]);
  }

  private async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const headers = { "content-type": "application/json" };
    const init = body === undefined ? { method } : { method, headers, body: JSON.stringify(body) };
    const response = await fetch(this.url + path, init);
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }
}

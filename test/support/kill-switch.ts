/**
 * Stops a simulated process at one of its awaits. Every port call is two points: before its effect and after it. From the
 * chosen point on nothing of the process continues, as after `kill -9`: its promises stay pending for ever.
 */
export class KillSwitch {
  #point = 0;
  #dead = false;

  /** `at` counts points from 1; 0 never kills. `delay` is how long the outside takes, before and after an effect. */
  constructor(
    readonly at: number,
    readonly delay: () => Promise<void> = () => Promise.resolve(),
  ) {}

  get points(): number {
    return this.#point;
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** Wraps one call to the outside. */
  async around<T>(effect: () => Promise<T>): Promise<T> {
    await this.#pass();
    await this.delay();
    const result = await effect();
    await this.delay();
    await this.#pass();
    return result;
  }

  /** For effects that are not awaited, such as a write to the socket: false when the process is dead. */
  alive(): boolean {
    if (!this.#dead) this.#point += 1;
    if (this.#point === this.at) this.#dead = true;
    return !this.#dead;
  }

  async #pass(): Promise<void> {
    if (!this.alive()) await new Promise<never>(() => undefined);
  }
}

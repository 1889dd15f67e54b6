// Says in the log why callers wait while the model container is not ready, and which setting to look at: a wrong health path or
// address would otherwise be a silence without end.
import type { Clock, Timer } from '../../runtime/clock.ts';
import type { Part } from '../../runtime/lifecycle.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { ContainerState } from './health.ts';

/** A container that restarts quickly is not worth a warning. */
const FIRST_AFTER_MS = 5_000;
const REPEAT_AFTER_MS = 60_000;

export interface NotReadyWarningDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  state(): ContainerState;
  /** What the last probe got, in words (`GET /health: answered 404`); null where none has ended. */
  lastAnswer(): string | null;
  /** Requests in the wait queue. */
  waiting(): number;
}

export class NotReadyWarning implements Part {
  readonly name = 'not-ready warning';
  readonly #deps: NotReadyWarningDeps;
  #timer: Timer | undefined;

  constructor(deps: NotReadyWarningDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.stateChanged();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Told at each change of the container's state. */
  stateChanged(): void {
    const state = this.#deps.state();
    if (state === 'healthy' || state === 'busy') {
      this.#timer?.cancel();
      this.#timer = undefined;
    } else {
      this.#timer ??= this.#deps.clock.after(FIRST_AFTER_MS, () => this.#warn());
    }
  }

  #warn(): void {
    const { clock, logger, state, lastAnswer, waiting } = this.#deps;
    logger.warn(
      { state: state(), waiting: waiting() },
      `requests wait until the model container is ready (${lastAnswer() ?? 'it has not answered yet'}); if this lasts, ` +
        'check --upstream (where the container listens) and --health-path (a path that it answers with 200; empty: no probing)',
    );
    this.#timer = clock.after(REPEAT_AFTER_MS, () => this.#warn());
  }
}

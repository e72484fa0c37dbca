import { refuse, type Refusal } from '@writ/domain';

/** What the last heartbeat found of this machine's clock. */
export interface ClockWatch {
  readonly found: (isOff: boolean) => void;
  /** Why this instance answers nothing at all, if so. */
  readonly outOfService: () => Refusal | undefined;
}

/** `tell` hears of every change. */
export function clockWatch(tell: (isOff: boolean) => void = () => undefined): ClockWatch {
  let isClockOff = false;
  return {
    found(isOff) {
      if (isOff !== isClockOff) tell(isOff);
      isClockOff = isOff;
    },
    outOfService: () => (isClockOff ? refuse('clock-off') : undefined),
  };
}

import type { ExportSelection } from './selection-store.js';

/** What a bundle is asked for. */
export interface ExportOrder {
  readonly id: string;
  readonly purpose: string;
  /** Digest of who asked; the name stands sealed in the log. */
  readonly requester: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Some records alone, each proven by itself; the whole range without it. */
  readonly selection?: ExportSelection;
  /** Fields that are disclosed of what was selected, such as `prompt`. */
  readonly disclose?: readonly string[];
}

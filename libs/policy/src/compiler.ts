import { type Result, err } from '@writ/domain';
import type { Diagnostic } from './diagnostic.js';
import type { PolicyImage } from './image.js';
import { policyLimits } from './limits.js';
import { Workshop } from './workshop.js';

/** Compiles documents on a thread of its own, for a process whose own thread serves requests. */
export interface Compiler {
  /**
   * The image, or the complaints; one that cannot be read by its deadline has none and no image either. Throws while the
   * thread cannot be had, which is no property of the document: ask again.
   */
  compile(owner: string, source: string, version: number): Promise<Result<PolicyImage, readonly Diagnostic[]>>;
  close(): Promise<void>;
}

/** The thread is started by the first document. */
export function startCompiler(): Compiler {
  const workshop = new Workshop({ threads: 1, waiting: policyLimits.compilesWaiting });
  return {
    async compile(owner, source, version) {
      const compiled = await workshop.perform(owner, 'compile', { source, version }, policyLimits.taskMs);
      if (compiled.ok) return compiled.value;
      if (compiled.error === 'too-slow') return err([]);
      throw new Error(`a policy could not be compiled: ${compiled.error}`);
    },
    close: () => workshop.close(),
  };
}

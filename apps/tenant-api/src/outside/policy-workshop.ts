import { readFileSync } from 'node:fs';
import { ok } from '@writ/domain';
import { compile, packImage, policyLimits } from '@writ/policy';
import { Workshop, proverOn } from '@writ/policy/prove';
import type { PolicyPort } from '../ports.js';

/** Of the serving process; a proof that needs longer belongs on the author's own machine. */
const proofMs = 10_000;
const threads = 2;

/** The workshop of this process. Each tenant is an owner of its own, so that none holds up the others. */
export function policyWorkshop(platformFile: string | undefined): PolicyPort & { close(): Promise<void> } {
  const platform = platformFile === undefined ? undefined : readFileSync(platformFile, 'utf8');
  if (platform !== undefined) {
    const image = compile(platform, 1);
    if (!image.ok)
      throw new Error(`the platform policy ${platformFile} does not compile: ${JSON.stringify(image.error)}`);
  }
  const workshop = new Workshop({ threads });
  workshop.warm();
  return {
    compile: (source, version) => {
      const image = compile(source, version);
      if (!image.ok) return image;
      return ok({ hash: image.value.hash, image: Buffer.from(packImage(image.value)).toString('base64') });
    },
    perform: (owner, kind, ask) => workshop.perform(owner, kind, ask, policyLimits.taskMs),
    prover: (owner) => proverOn(workshop, owner, proofMs),
    platform,
    close: () => workshop.close(),
  };
}

import type { ClearedPrompt } from '@writ/classification';
import { type JsonValue, type Permit, type Refusal, refusals } from '@writ/domain';
import { readJson } from '../json/value.js';
import { objectOf } from '../translate/conversation.js';

/** A committed permit as it is told to a caller that calls the model itself. */
export interface HandedOver {
  readonly decisionId: string;
  /** Leaf hash of the decision, hex. */
  readonly receipt: string;
  readonly permit: Permit;
  readonly prompt: ClearedPrompt;
}

/**
 * The answer of a permit: where the request may go, what must be done with the answer, and the request itself with every
 * redaction done. A caller that sends anything else acts outside the decision.
 */
export function handedOver({ decisionId, receipt, permit, prompt }: HandedOver): Uint8Array {
  const { obligations } = permit;
  const request = clearedRequest(prompt);
  const context = {
    decision_id: decisionId,
    receipt,
    policy: `${permit.policy.name}@${permit.policy.version}`,
    rules: permit.matched,
    authorized_endpoints: permit.authorizedEndpoints,
    obligations: {
      redactions: obligations.redactions.map(({ class: name, style }) => ({ class: name, style })),
      response: {
        redactions: obligations.response.redactions.map(({ class: name, style }) => ({ class: name, style })),
        block: obligations.response.block,
        markers: obligations.response.markers,
        mode: obligations.response.mode,
      },
      ...(obligations.maxOutputTokens === undefined ? {} : { max_output_tokens: obligations.maxOutputTokens }),
      notify: obligations.notify,
    },
    ...(request === undefined ? {} : { request }),
  };
  return Buffer.from(JSON.stringify({ decision: true, context }));
}

/** The answer of a recorded deny. AuthZEN: a deny is a successful evaluation. */
export function denied(refusal: Refusal, decisionId: string | undefined, rules: readonly string[]): string {
  const { message, retry } = refusals[refusal.code];
  const context = {
    decision_id: decisionId,
    reason: { code: refusal.detail ?? refusal.code, message: refusal.message ?? message, retry },
    rules,
    docs: `docs/errors.md#${refusal.code}`,
  };
  return JSON.stringify({ decision: false, context });
}

function clearedRequest(prompt: ClearedPrompt): JsonValue | undefined {
  return objectOf(objectOf(readJson(prompt.source))['context'])['request'];
}

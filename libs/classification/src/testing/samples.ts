import type { Ask, Classification, Leaf, Obligations, RequestId, Role } from '@writ/domain';
import { noObligations } from '@writ/domain';
import { classify } from '../classify.js';
import { loadTaxonomy, type Taxonomy } from '../taxonomy/taxonomy.js';

/** Builders for this library's own tests. */
export const key = new Uint8Array(32).fill(7);

export function aTaxonomy(more: Partial<Parameters<typeof loadTaxonomy>[0]> = {}): Taxonomy {
  const taxonomy = loadTaxonomy({ version: 'test-1', terms: [], patterns: [], thresholds: {}, ...more });
  if (!taxonomy.ok) throw new Error(taxonomy.error.join('; '));
  return taxonomy.value;
}

export function aLeaf(text: string, more: Partial<Leaf> = {}): Leaf {
  return { path: '/messages/0/content', role: 'user', text, start: 0, end: text.length + 2, ...more };
}

export function classified(text: string, role: Role = 'user', taxonomy: Taxonomy = aTaxonomy()): Classification {
  return classify([aLeaf(text, { role })], taxonomy, options());
}

export function options(expired: () => boolean = () => false): Parameters<typeof classify>[2] {
  return { digestKey: key, attachments: [], expired };
}

/** `TYPE:value` of each finding, once a span. */
export function foundIn(text: string, role: Role = 'user'): readonly string[] {
  const found = classified(text, role).findings.map((each) => `${each.type}:${text.slice(each.start, each.end)}`);
  return [...new Set(found)];
}

/** An ask of one message for each text, with leaves that point into its source. */
export function anAsk(texts: readonly string[]): Ask {
  const body = { model: 'fast', messages: texts.map((content) => ({ role: 'user', content })) };
  const source = JSON.stringify(body);
  let from = 0;
  const leaves = texts.map((text, at) => {
    const token = JSON.stringify(text);
    const start = source.indexOf(`"content":${token}`, from) + 10;
    from = start + token.length;
    return { path: `/messages/${at}/content`, role: 'user' as const, text, start, end: from };
  });
  return {
    request: '00000000-0000-7000-8000-000000000001' as RequestId,
    dialect: 'openai.chat',
    action: 'chat',
    route: '/v1/chat/completions',
    receivedAt: 0,
    source,
    body,
    model: 'fast',
    stream: false,
    leaves,
    attachments: [],
    tools: [],
    choices: 1,
    metadata: {},
    clientAddress: '192.0.2.1',
    userAgent: 'test',
  };
}

export function redacting(
  style: Obligations['redactions'][number]['style'],
  ...classes: readonly string[]
): Obligations {
  return { ...noObligations, redactions: classes.map((name) => ({ class: name, style, by: ['rule'] })) };
}

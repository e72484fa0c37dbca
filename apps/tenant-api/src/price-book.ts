import { readFileSync } from 'node:fs';
import type { Result } from '@writ/domain';
import type { ModelMatch, PriceBook } from '@writ/routing';
import { z } from 'zod';

const micros = z.string().regex(/^\d{1,18}$/, 'whole micro-units');
const rates = {
  inputMicrosPerMillion: micros,
  outputMicrosPerMillion: micros,
  cacheReadMicrosPerMillion: micros.exactOptional(),
  cacheWriteMicrosPerMillion: micros.exactOptional(),
};
const match: z.ZodType<ModelMatch> = z.lazy(() =>
  z
    .strictObject({
      equals: z.string().exactOptional(),
      starts_with: z.string().exactOptional(),
      ends_with: z.string().exactOptional(),
      contains: z.string().exactOptional(),
      regex: z.string().exactOptional(),
      or: z.array(match).exactOptional(),
      and: z.array(match).exactOptional(),
    })
    .refine((one) => Object.keys(one).length === 1, 'exactly one way to match'),
);
const tokens = z.number().int().positive();
const priceBook = z.strictObject({
  version: z.string().regex(/^[\w.-]{1,100}$/),
  source: z.string(),
  providers: z.record(
    z.string(),
    z.array(
      z.strictObject({
        model: z.string().min(1),
        match,
        contextLength: tokens.exactOptional(),
        prices: z
          .array(
            z.strictObject({
              validFrom: z.iso.date().exactOptional(),
              ...rates,
              longContext: z.strictObject({ aboveTokens: tokens, ...rates }).exactOptional(),
            }),
          )
          .min(1),
      }),
    ),
  ),
});

/** The reviewed file that came with this build. A negative price, or a member nobody knows, is refused as a whole. */
export function readPriceBook(text: string): Result<PriceBook, string> {
  const parsed = priceBook.safeParse(JSON.parse(text));
  return parsed.success ? { ok: true, value: parsed.data } : { ok: false, error: z.prettifyError(parsed.error) };
}

export function shippedPriceBook(): PriceBook {
  const read = readPriceBook(readFileSync(new URL('../prices/book.json', import.meta.url), 'utf8'));
  if (!read.ok) throw new Error(`the price book does not read: ${read.error}`);
  return read.value;
}

import { reviewConfirms } from '@writ/classification';
import { err, limits, ok } from '@writ/domain';
import type { ReviewedAs, ReviewPort } from '@writ/enforcement';
import { sealText } from '@writ/platform';
import type { ReviewBoard, ReviewStanding } from '@writ/postgres';

/** Reviews as enforcement sees them. What cannot be known or stored refuses; nothing is taken for reviewed. */
export function createReviews(board: ReviewBoard, problem: (what: string, cause?: unknown) => void): ReviewPort {
  return {
    async of({ tenant }, keys) {
      try {
        return ok(worstOf(await board.of(tenant, keys)));
      } catch (cause) {
        problem('the reviews of a conversation cannot be read', cause);
        return err('snapshot-stale');
      }
    },
    async ask({ tenant }, { snapshot, log }, { id, request, keys, token, asked, text, people }) {
      const two = snapshot.review?.secondPersonClasses ?? [];
      try {
        await board.ask(tenant, {
          id,
          request,
          keys,
          token,
          asked,
          sealed: sealText(log.contentKey, `${tenant}|review|${id}`, text),
          // The policy's line and the tenant's setting each may ask for a second person; neither can take it back.
          needsTwo: people >= 2 || two.some((name) => asked[name] !== undefined),
          hasModel: snapshot.review !== undefined,
          livesMs: limits.reviewLifeMs,
        });
        return ok(undefined);
      } catch (cause) {
        problem('a review could not be stored', cause);
        return err('ledger-unavailable');
      }
    },
    async verdict(_tenant, id, signal) {
      const found = await board.settled(id, signal);
      if (found === undefined || found.state === 'pending') return undefined;
      return found.state === 'failed' ? 'failed' : found.verdict;
    },
  };
}

/** A confirmed review outweighs one that is under way, and that outweighs a clear one. What failed is still owed. */
function worstOf(standings: readonly ReviewStanding[]): ReviewedAs {
  const classes: Record<string, number> = {};
  let state: ReviewedAs['state'] = 'none';
  for (const { state: stands, verdict } of standings) {
    if (stands === 'confirmed') {
      state = 'confirmed';
      for (const [name, score] of Object.entries(verdict))
        if (score >= reviewConfirms) classes[name] = Math.max(classes[name] ?? 0, score);
    } else if (state !== 'confirmed' && stands !== 'clear') state = 'pending';
    else if (state === 'none') state = 'clear';
  }
  return { state, classes };
}

// Rounds: in each, every variant is measured once, in an order that turns by one from round to round.

/** Who is measured after whom must not matter. */
const turned = (list, by) => list.map((_, at) => list[(at + by) % list.length])

/**
 * Measures every variant in every round, and gives the figures by measure, variant and round:
 * `{ 'GET fresh 1M': { nookdb: [..], map: [..] } }`.
 *
 * What `take` resolves to is `{ figures: { measure: number }, checksums?: { measure: number } }`. All variants must have read
 * the same: where checksums differ one of them did other work, and the comparison would be worth nothing.
 */
export async function interleave({ variants, rounds, take, say }) {
  const figures = {}
  const checksums = {}
  for (let round = 0; round < rounds; round++) {
    for (const variant of turned(variants, round % variants.length)) {
      say(`round ${round + 1} of ${rounds}: ${variant}`)
      const taken = await take(variant)
      for (const [measure, figure] of Object.entries(taken.figures)) ((figures[measure] ??= {})[variant] ??= []).push(figure)
      for (const [measure, checksum] of Object.entries(taken.checksums ?? {})) {
        const first = (checksums[measure] ??= { variant, checksum })
        if (first.checksum !== checksum) {
          throw new Error(`${measure}: ${variant} read other values than ${first.variant} (checksums ${checksum}, ${first.checksum})`)
        }
      }
    }
  }
  return figures
}

/** The measures of several runs as one. */
export const merged = (...runs) => {
  const all = {}
  for (const run of runs) {
    for (const [measure, byVariant] of Object.entries(run)) all[measure] = { ...all[measure], ...byVariant }
  }
  return all
}

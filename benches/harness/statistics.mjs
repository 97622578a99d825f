// What is said of a list of measurements.

const sorted = (numbers) => numbers.toSorted((a, b) => a - b)

/** The middle one; of an even number of measurements the mean of both in the middle. */
export function median(numbers) {
  return quantile(numbers, 0.5)
}

/** Linear between the two measurements that it falls between. */
export function quantile(numbers, share) {
  const order = sorted(numbers)
  const place = (order.length - 1) * share
  const below = Math.floor(place)
  const above = Math.min(below + 1, order.length - 1)
  return order[below] + (order[above] - order[below]) * (place - below)
}

/**
 * Ours to theirs: the ratio of the medians, and between which ratios half of the rounds lie.
 *
 * A round measures both one after the other, so what slows the machine for a while slows both.
 */
export function ratio(ours, theirs) {
  const byRound = ours.map((figure, round) => figure / theirs[round])
  return { median: median(ours) / median(theirs), low: quantile(byRound, 0.25), high: quantile(byRound, 0.75) }
}

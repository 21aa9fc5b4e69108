/** Named conditions: not ready says which one fails, since when, and why. */

export const conditionNames = ['postgres', 'replica', 'clickhouse', 'spool', 'workers'] as const;
export type ConditionName = (typeof conditionNames)[number];

export type Finding = {
  isMet: boolean;
  /** A condition that is not met but not needed either: the node serves without it. */
  isRequired: boolean;
  /** What is wrong, for a person; empty when it is met. */
  detail: string;
};

export type Condition = Finding & { name: ConditionName; sinceMs: number };

export type Readiness = {
  /** Ready to answer verifications: every required condition is met. */
  isReady: boolean;
  conditions: Condition[];
};

export type ReadinessCheck = () => Readiness;

/** `look` is asked at each check; the instant at which an answer changes is remembered. */
export function createReadinessCheck(
  look: Record<ConditionName, () => Finding>,
  clock: () => number,
): ReadinessCheck {
  const since = new Map<ConditionName, { isMet: boolean; sinceMs: number }>();

  function sinceOf(name: ConditionName, isMet: boolean): number {
    const earlier = since.get(name);
    if (earlier?.isMet === isMet) return earlier.sinceMs;
    since.set(name, { isMet, sinceMs: clock() });
    return clock();
  }

  return () => {
    const conditions = conditionNames.map((name) => {
      const finding = look[name]();
      return { name, ...finding, sinceMs: sinceOf(name, finding.isMet) };
    });
    return { isReady: conditions.every((item) => item.isMet || !item.isRequired), conditions };
  };
}

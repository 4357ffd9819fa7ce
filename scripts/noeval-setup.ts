/** The tests below would prove nothing if text could become code after all. */
for (const attempt of [() => new Function("return 1"), () => Reflect.get({}, "__proto__")]) {
  let allowed = true;
  try {
    attempt();
  } catch {
    allowed = false;
  }
  if (allowed) throw new Error(`${attempt} is allowed here: the flags for Node are not in force.`);
}

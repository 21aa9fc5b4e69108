/** A pause that can be cut short. A wake-up that comes while nobody waits ends the next pause. */
export class Wakeable {
  #isWoken = false;
  #wakeUp = () => {};

  wake(): void {
    this.#isWoken = true;
    this.#wakeUp();
  }

  wait(spanMs: number): Promise<void> {
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        this.#isWoken = false;
        this.#wakeUp = () => {};
        resolve();
      };
      const timer = setTimeout(finish, this.#isWoken ? 0 : spanMs);
      this.#wakeUp = finish;
    });
  }
}

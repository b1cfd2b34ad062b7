import { useApp } from "../state/app";

/** What is wrong with the map, its song or the model, in the daemon's plain words. */
export function Problems() {
  const { daemon } = useApp();
  return (
    <>
      {daemon.problems.value.map(({ code, message }) => (
        <div key={code} class="banner banner-problem" role="alert" data-problem={code}>
          <p>{message}</p>
        </div>
      ))}
    </>
  );
}

import { useSignal } from "@preact/signals";
import { useApp } from "../state/app";
import { DEFAULT_DIFFICULTY, DEFAULT_FORM, DEFAULT_HITSOUNDS, DEFAULT_TIMING } from "../state/form";
import type { Work } from "../state/view";
import { DifficultyForm } from "./DifficultyForm";
import { isModdingOnly } from "./FindingsPanel";
import { HitsoundsForm } from "./HitsoundsForm";
import { ModdingOnly } from "./ModdingOnly";
import { SectionForm } from "./SectionForm";
import { Segments } from "./Segments";
import { TimingForm } from "./TimingForm";

/** What can be generated, one form at a time. What would write is hidden while modding-only is on. */
export function GeneratePanel() {
  const app = useApp();
  const work = app.view.work.value;
  // Here and not in the forms, so that what was typed outlives a look at another form.
  const section = useSignal(DEFAULT_FORM);
  const hitsounds = useSignal(DEFAULT_HITSOUNDS);
  const timing = useSignal(DEFAULT_TIMING);
  const difficulty = useSignal(DEFAULT_DIFFICULTY);
  const hidden = isModdingOnly(app);
  return (
    <section class="panel generate" aria-label="Generate">
      <header class="panel-head">
        <h2 class="visually-hidden">Generate</h2>
        <Segments
          label="What to generate"
          value={work}
          options={WORKS}
          onChange={(value) => {
            app.view.work.value = value;
          }}
        />
      </header>
      {hidden && work !== "timing" ? (
        <p class="panel-note" data-testid="modding-only-note">
          Modding-only is on: findings keep coming, and nothing generated is written into a map.
        </p>
      ) : (
        <>
          {work === "section" && <SectionForm form={section} />}
          {work === "hitsounds" && <HitsoundsForm form={hitsounds} />}
          {work === "timing" && <TimingForm form={timing} />}
          {work === "difficulty" && <DifficultyForm form={difficulty} />}
        </>
      )}
      <ModdingOnly />
    </section>
  );
}

const WORKS: readonly { value: Work; label: string; title: string }[] = [
  { value: "section", label: "Section", title: "Objects of a section anew" },
  { value: "hitsounds", label: "Hitsounds", title: "Hitsounds of the objects that are there" },
  { value: "timing", label: "Timing", title: "Where the beats of the song are" },
  { value: "difficulty", label: "New difficulty", title: "A new file in the set" },
];

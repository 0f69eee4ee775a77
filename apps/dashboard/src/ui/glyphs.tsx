/** The drawings that are ours: the mark, and the glyphs of the two kinds of work. */

export function Mark({ size = 22 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 22 22" fill="none" aria-hidden="true">
      <rect x="6" y="2.5" width="10" height="7.5" fill="var(--ctl)" opacity="0.5" />
      <path d="M5 1v18M17 1v18" stroke="var(--ink)" strokeWidth="2" />
      <path
        d="M1 14.2c1.7 1.2 3.3 1.2 5 0s3.3-1.2 5 0 3.3 1.2 5 0 3.3-1.2 5 0M1 18.2c1.7 1.2 3.3 1.2 5 0s3.3-1.2 5 0 3.3 1.2 5 0 3.3-1.2 5 0"
        stroke="var(--accf)"
        strokeWidth="1.6"
      />
    </svg>
  );
}

export function StreamGlyph() {
  return (
    <svg width="14" height="14" viewBox="0 0 14 14" fill="none" aria-hidden="true">
      <path
        d="M1 5c2-1.8 4-1.8 6 0s4 1.8 6 0M1 9.5c2-1.8 4-1.8 6 0s4 1.8 6 0"
        stroke="var(--accf)"
        strokeWidth="1.4"
      />
    </svg>
  );
}

export function BatchGlyph() {
  return (
    <svg width="14" height="14" viewBox="0 0 14 14" fill="none" aria-hidden="true">
      <path
        d="M4 2H2v10h2M4.5 7h5M10 2c2.3 2.7 2.3 7.3 0 10"
        stroke="var(--accf)"
        strokeWidth="1.4"
      />
    </svg>
  );
}

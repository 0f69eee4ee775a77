/** The end of a form: what was refused of the whole, the way out, and the button that sends. */
export function FormFoot(props: {
  refused: string | undefined;
  leave: string;
  onLeave: () => void;
  send: string;
  isSending: boolean;
}) {
  return (
    <>
      {props.refused && (
        <p className="tone-fail" role="alert">
          {props.refused}
        </p>
      )}
      <div className="form-actions">
        <button type="button" className="btn" onClick={props.onLeave}>
          {props.leave}
        </button>
        <button type="submit" className="btn btn-primary" disabled={props.isSending}>
          {props.send}
        </button>
      </div>
    </>
  );
}

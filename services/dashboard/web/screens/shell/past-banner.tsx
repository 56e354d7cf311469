/** Says that this is the past, unmistakably: in words, with the way back to now. */
import { Button } from '../../components/button.tsx';
import { Age } from '../../components/age.tsx';
import { clockText } from '../../components/time-text.ts';
import { goTo, useAt } from '../../data/place.ts';
import { useFleet } from '../../data/views.ts';

export function PastBanner() {
  const at = useAt();
  const { data } = useFleet();
  return (
    <div role="status" className="banner-place">
      {at === null ? null : (
        <div className="banner" data-look="past">
          <strong>This is the past</strong>
          <span>
            as it was at position {at}
            {data?.at === undefined ? null : (
              <>
                , {clockText(data.at)} (<Age at={data.at} /> ago)
              </>
            )}
            . Nothing here can be changed, and nothing moves.
          </span>
          <Button size="small" look="primary" onPress={() => goTo(null)}>
            Back to now
          </Button>
        </div>
      )}
    </div>
  );
}

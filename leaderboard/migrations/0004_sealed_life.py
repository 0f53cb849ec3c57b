"""What nobody does to a study once it is sealed, superusers included: the database refuses it.

A step back, another identity, more looks, numbers where its curators chose the rank alone, or its removal.
"""

from django.db import migrations

REFUSE = """
CREATE FUNCTION leaderboard_study_keeps_its_rules() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    states text[] := ARRAY['draft', 'sealed', 'live', 'frozen', 'retired', 'released'];
BEGIN
    IF array_position(states, NEW.state::text) < array_position(states, OLD.state::text) THEN
        RAISE EXCEPTION 'a study that is % cannot become % again', OLD.state, NEW.state
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF OLD.state <> 'draft' AND (
        NEW.looks > OLD.looks OR (OLD.is_rank_only AND NOT NEW.is_rank_only)
        OR (NEW.study_id, NEW.name, NEW.version, NEW.track_id, NEW.commitment, NEW.uploaded_by_id, NEW.summary)
            IS DISTINCT FROM
            (OLD.study_id, OLD.name, OLD.version, OLD.track_id, OLD.commitment, OLD.uploaded_by_id, OLD.summary)
        OR NEW.corrects_id IS DISTINCT FROM OLD.corrects_id
    ) THEN
        RAISE EXCEPTION 'study % is %: what was confirmed of it stays', OLD.study_id, OLD.state
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER study_keeps_its_rules BEFORE UPDATE ON leaderboard_sealedstudy
    FOR EACH ROW EXECUTE FUNCTION leaderboard_study_keeps_its_rules();
CREATE FUNCTION leaderboard_study_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'draft' THEN
        RAISE EXCEPTION 'study % is %: it stays', OLD.study_id, OLD.state USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER study_stays BEFORE DELETE ON leaderboard_sealedstudy
    FOR EACH ROW EXECUTE FUNCTION leaderboard_study_stays();
CREATE FUNCTION leaderboard_step_is_answered_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.answered_at IS NOT NULL OR (NEW.study_id, NEW."to", NEW.proposed_by_id, NEW.proposed_at)
        IS DISTINCT FROM (OLD.study_id, OLD."to", OLD.proposed_by_id, OLD.proposed_at) THEN
        RAISE EXCEPTION 'a step is answered once, and stays as it was proposed' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER step_is_answered_once BEFORE UPDATE ON leaderboard_studystep
    FOR EACH ROW EXECUTE FUNCTION leaderboard_step_is_answered_once();
"""
UNDO = """
DROP TRIGGER step_is_answered_once ON leaderboard_studystep;
DROP TRIGGER study_stays ON leaderboard_sealedstudy;
DROP TRIGGER study_keeps_its_rules ON leaderboard_sealedstudy;
DROP FUNCTION leaderboard_step_is_answered_once();
DROP FUNCTION leaderboard_study_stays();
DROP FUNCTION leaderboard_study_keeps_its_rules();
"""


class Migration(migrations.Migration):
    dependencies = [("leaderboard", "0003_openings")]
    operations = [migrations.RunSQL(REFUSE, UNDO)]

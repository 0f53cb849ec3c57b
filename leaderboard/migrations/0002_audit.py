"""The audit is written once: the database refuses to change, delete or empty it, whoever asks."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION leaderboard_row_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'this table is append-only: % of % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER act_is_final BEFORE UPDATE OR DELETE ON leaderboard_act
    FOR EACH ROW EXECUTE FUNCTION leaderboard_row_is_final();
CREATE TRIGGER acts_are_kept BEFORE TRUNCATE ON leaderboard_act
    FOR EACH STATEMENT EXECUTE FUNCTION leaderboard_row_is_final();
"""
UNDO = """
DROP TRIGGER acts_are_kept ON leaderboard_act;
DROP TRIGGER act_is_final ON leaderboard_act;
DROP FUNCTION leaderboard_row_is_final();
"""


class Migration(migrations.Migration):
    dependencies = [("leaderboard", "0001_initial")]
    operations = [migrations.RunSQL(REFUSE, UNDO)]

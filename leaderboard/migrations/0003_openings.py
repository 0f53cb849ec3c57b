"""Openings of sealed answers are written once, as acts are: the database refuses to change, delete or empty them."""

from django.db import migrations

REFUSE = """
CREATE TRIGGER opening_is_final BEFORE UPDATE OR DELETE ON leaderboard_opening
    FOR EACH ROW EXECUTE FUNCTION leaderboard_row_is_final();
CREATE TRIGGER openings_are_kept BEFORE TRUNCATE ON leaderboard_opening
    FOR EACH STATEMENT EXECUTE FUNCTION leaderboard_row_is_final();
"""
UNDO = """
DROP TRIGGER openings_are_kept ON leaderboard_opening;
DROP TRIGGER opening_is_final ON leaderboard_opening;
"""


class Migration(migrations.Migration):
    dependencies = [("leaderboard", "0002_audit")]
    operations = [migrations.RunSQL(REFUSE, UNDO)]

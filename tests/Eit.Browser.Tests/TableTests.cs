using System.Text.Json;

namespace Eit.Browser.Tests;

public sealed class TableTests
{
    [Fact]
    public async Task Who_thinks_for_too_long_has_a_stone_taken_for_them_and_who_stays_away_loses_the_seat()
    {
        await using TablesHost host = await TablesHost.StartAsync(settings: ["--Tables:TurnTime", "00:00:01", "--Tables:SeatTime", "00:00:01.5"]);
        await using EitPlayer ada = await EitPlayer.SitDownAsync(host, "ada");
        EitPlayer bob = await EitPlayer.SitDownAsync(host, "bob");
        await ada.SeesAsync("bob sits down.");

        JsonElement played = await ada.SeesAsync("ada has thought for too long: one stone.");
        await bob.DisposeAsync();
        JsonElement left = await ada.SeesAsync("bob's seat is free.");

        Assert.Equal((20, "bob"), (played.GetProperty("stones").GetInt32(), played.GetProperty("turn").GetString()));
        Assert.Equal(JsonValueKind.Null, left.GetProperty("turn").ValueKind);
        Assert.Equal(["ada here"], EitPlayer.SeatsOf(left));
    }

    [Fact]
    public async Task A_table_is_as_it_was_after_the_server_has_been_deployed_anew()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("tables");
        await using (TablesHost before = await TablesHost.StartAsync(folder))
        {
            await using EitPlayer ada = await EitPlayer.SitDownAsync(before, "ada");
            await using EitPlayer bob = await EitPlayer.SitDownAsync(before, "bob");
            await ada.SeesAsync("bob sits down.");
            ada.Take(3);
            await ada.SeesAsync("ada takes 3.");
            await bob.DisposeAsync();
            await ada.DisposeAsync();
            await before.StopAsync();
        }

        await using TablesHost after = await TablesHost.StartAsync(folder);
        await using EitPlayer again = await EitPlayer.SitDownAsync(after, "ada");
        JsonElement back = await again.SeesAsync("ada is back.");

        Assert.Equal((18, "bob"), (back.GetProperty("stones").GetInt32(), back.GetProperty("turn").GetString()));
        Assert.Equal(["ada here", "bob away"], EitPlayer.SeatsOf(back));
    }
}

using Eit.Connection;
using Microsoft.Extensions.DependencyInjection;
using static Eit.Testing.Tests.Worlds;

namespace Eit.Testing.Tests;

/// <summary>How clients and worlds end, whatever has happened before.</summary>
public class EndTests
{
    private static readonly TimeSpan s_patience = Seconds(60);     // Of real time, for what must not hang.

    private readonly Notebook _notebook = new();

    [Fact]
    public async Task What_a_scripted_fault_throws_while_a_client_is_disposed_of_comes_out_when_the_client_has_ended()
    {
        await using EitTestWorld world = await Worlds.StartAsync(_notebook);
        EitConnection client = await world.StartClientAsync();
        world.Network.BlackHole();
        client.Send("never heard");
        world.Schedule(Seconds(1), static () => throw new InvalidTimeZoneException("of the script"));

        await Assert.ThrowsAsync<InvalidTimeZoneException>(() => client.DisposeAsync().AsTask().WaitAsync(s_patience));

        Assert.Equal(EitConnectionState.Closed, client.State);
    }

    [Fact]
    public async Task The_disposal_of_a_client_moves_the_time_by_no_more_than_its_close_may_take()
    {
        await using EitTestWorld world = await Worlds.StartAsync(_notebook);
        EitConnection client = await world.StartClientAsync(configure: options => options.CloseLimit = Seconds(3));
        world.Network.BlackHole();
        client.Send("never heard");

        await client.DisposeAsync();

        Assert.InRange(world.Elapsed, Seconds(3), Seconds(6));
    }

    [Fact]
    public async Task The_disposal_of_a_client_that_waits_for_nothing_of_the_world_leaves_the_time()
    {
        await using EitTestWorld world = await Worlds.StartAsync(_notebook);
        EitConnection client = await world.StartClientAsync();

        await client.DisposeAsync();

        Assert.InRange(world.Elapsed, TimeSpan.Zero, Seconds(1));
    }

    [Fact]
    public async Task A_world_ends_although_a_handler_of_its_server_blocks_its_thread()
    {
        using var gate = new ManualResetEventSlim();
        EitTestWorld world = await StartBlockedAsync(gate);
        EitConnection client = await world.StartClientAsync();
        client.Send("a");

        await world.DisposeAsync().AsTask().WaitAsync(s_patience);
        gate.Set();

        Assert.Equal(EitConnectionState.Closed, client.State);
    }

    [Fact]
    public async Task A_world_ends_after_an_advance_that_has_failed()
    {
        using var gate = new ManualResetEventSlim();
        EitTestWorld world = await StartBlockedAsync(gate);
        EitConnection client = await world.StartClientAsync();
        client.Send("a");
        await Assert.ThrowsAsync<TimeoutException>(() => world.AdvanceAsync(Seconds(1)));

        await Assert.ThrowsAsync<TimeoutException>(() => client.DisposeAsync().AsTask().WaitAsync(s_patience));
        await world.DisposeAsync().AsTask().WaitAsync(s_patience);
        gate.Set();

        Assert.Equal(EitConnectionState.Closed, client.State);
    }

    [Fact]
    public async Task A_world_ends_although_a_timer_is_due_again_at_once_for_ever_and_says_so()
    {
        EitTestWorld world = await Worlds.StartAsync(_notebook);
        EitConnection client = await world.StartClientAsync();
        ITimer? endless = null;
        endless = world.Time.CreateTimer(_ => endless!.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan), state: null, Seconds(1), Timeout.InfiniteTimeSpan);
        world.Network.BlackHole();

        await Assert.ThrowsAsync<InvalidOperationException>(() => world.DisposeAsync().AsTask().WaitAsync(s_patience));

        Assert.Equal(EitConnectionState.Closed, client.State);
    }

    [Fact]
    public async Task The_script_of_a_world_ends_with_it()
    {
        EitTestWorld world = await Worlds.StartAsync(_notebook);
        EitConnection client = await world.StartClientAsync();
        int acts = 0;
        world.Schedule(Seconds(1), () => acts++);
        world.Network.BlackHole();

        await world.DisposeAsync().AsTask().WaitAsync(s_patience);

        Assert.Equal(0, acts);
        Assert.Equal(EitConnectionState.Closed, client.State);
    }

    [Fact]
    public async Task An_advance_that_is_under_way_ends_with_its_world()
    {
        EitTestWorld world = await Worlds.StartAsync(_notebook);
        await world.StartClientAsync();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        world.Schedule(Seconds(1), begun.SetResult);
        Task advancing = world.AdvanceAsync(TimeSpan.FromDays(30));
        await begun.Task.WaitAsync(s_patience);

        await world.DisposeAsync().AsTask().WaitAsync(s_patience);

        await Assert.ThrowsAsync<ObjectDisposedException>(() => advancing.WaitAsync(s_patience));
    }

    [Fact]
    public async Task A_world_says_what_does_not_end()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var stubborn = new Stubborn(gate.Task);
        EitTestWorld world = await EitTestWorld.StartAsync(static app => app.Services.GetRequiredService<Stubborn>(), new EitTestWorldOptions
        {
            BusyLimit = Seconds(1),
            Build = builder => builder.Services.AddSingleton(_ => stubborn),
        });

        TimeoutException failure = await Assert.ThrowsAsync<TimeoutException>(() => world.DisposeAsync().AsTask().WaitAsync(s_patience));
        gate.SetResult();

        Assert.Contains("the services of a server", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_disposes_of_a_world_once_more_waits_for_its_end()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var stubborn = new Stubborn(gate.Task);
        EitTestWorld world = await EitTestWorld.StartAsync(static app => app.Services.GetRequiredService<Stubborn>(), new EitTestWorldOptions { Build = builder => builder.Services.AddSingleton(_ => stubborn) });

        Task first = world.DisposeAsync().AsTask();
        await stubborn.Asked.WaitAsync(s_patience);
        Task second = world.DisposeAsync().AsTask();
        bool hasWaited = !second.IsCompleted;
        gate.SetResult();
        await Task.WhenAll(first, second).WaitAsync(s_patience);

        Assert.True(hasWaited);
    }

    private Task<EitTestWorld> StartBlockedAsync(ManualResetEventSlim gate)
    {
        _notebook.Answer = (_, _) =>
        {
            gate.Wait(s_patience);
            return default;
        };
        return Worlds.StartAsync(_notebook, busyLimit: Seconds(2));
    }

    private sealed class Stubborn(Task gate) : IAsyncDisposable
    {
        private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task Asked => _asked.Task;

        public async ValueTask DisposeAsync()
        {
            _asked.TrySetResult();
            await gate;
        }
    }
}

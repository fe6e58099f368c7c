namespace Broker.Postgres.Tests;

public sealed class RunFolderTests : IDisposable
{
    private readonly string _parent = Directory.CreateTempSubdirectory("broker-run-").FullName;

    public void Dispose() => Directory.Delete(_parent, recursive: true);

    [Fact]
    public void A_folder_is_taken_only_after_its_owner_let_go_and_only_once()
    {
        var owned = RunFolder.Create(_parent, dataDirectory: null);
        Assert.Empty(RunFolder.TakeAbandoned(_parent));

        owned.Dispose();

        using var taken = Assert.Single(RunFolder.TakeAbandoned(_parent));
        Assert.Equal(owned.Path, taken.Path);
        Assert.Empty(RunFolder.TakeAbandoned(_parent));
    }

    [Fact]
    public void Whoever_takes_a_folder_learns_where_its_cluster_is()
    {
        var given = Path.Combine(_parent, "cluster");
        RunFolder.Create(_parent, given).Dispose();

        using var taken = Assert.Single(RunFolder.TakeAbandoned(_parent));
        Assert.Equal(given, taken.DataDirectory);
    }

    [Fact]
    public void A_folder_that_has_no_owner_yet_and_a_strangers_folder_are_left_alone()
    {
        Directory.CreateDirectory(Path.Combine(_parent, "broker-pg-halfmade"));
        Directory.CreateDirectory(Path.Combine(_parent, "somebody-elses"));

        Assert.Empty(RunFolder.TakeAbandoned(_parent));
    }

    [Fact]
    public async Task A_folder_that_is_being_made_is_not_taken_by_a_sweep_at_the_same_time()
    {
        var parents = Enumerable.Range(0, 100).Select(number => Path.Combine(_parent, $"{number}")).ToArray(); // a sweep of few is quick
        var parent = Directory.CreateDirectory(parents[0]).FullName;
        using var made = new CancellationTokenSource();
        var sweep = Task.Run(() =>
        {
            var taken = 0;
            while (!made.IsCancellationRequested)
                taken += RunFolder.TakeAbandoned(Volatile.Read(ref parent)).Count();
            return taken;
        });

        var owned = new List<RunFolder>();
        foreach (var next in parents)
        {
            Volatile.Write(ref parent, Directory.CreateDirectory(next).FullName);
            owned.AddRange(Enumerable.Range(0, 20).Select(_ => RunFolder.Create(next, dataDirectory: null)));
        }

        await made.CancelAsync();
        Assert.Equal(0, await sweep);
        owned.ForEach(folder => folder.Dispose());
    }

    [Fact]
    public void Removing_twice_does_no_harm()
    {
        var folder = RunFolder.Create(_parent, dataDirectory: null);

        folder.Remove();
        folder.Remove();

        Assert.False(Directory.Exists(folder.Path));
    }

    [Fact]
    public async Task A_folder_that_another_removes_too_is_gone_when_its_owner_has_removed_it()
    {
        for (var round = 0; round < 10; round++)
        {
            var owned = RunFolder.Create(_parent, dataDirectory: null);
            foreach (var part in Enumerable.Range(0, 50))
            {
                Directory.CreateDirectory(Path.Combine(owned.DataDirectory, $"{part}", "below"));
            }
            using var bothStart = new Barrier(2);
            var other = Task.Run(() =>
            {
                bothStart.SignalAndWait();
                foreach (var left in RunFolder.TakeAbandoned(_parent))
                {
                    left.Remove();
                }
            });

            bothStart.SignalAndWait();
            owned.Remove();

            Assert.False(Directory.Exists(owned.Path));
            await other;
        }
    }
}

package Strongroom::History;

# Histories: eight clients save, change, delete, lease, reveal and read ten
# integrations at once, by whatever doors there are; what they were told is
# looked at by t/faults/histories.py.

use strict;
use warnings;
use Exporter 'import';
use Strongroom;
use Strongroom::Json qw(decode encode);
use Strongroom::Proc qw(launch run now stop wait_until);
use Strongroom::Seed;

our @EXPORT_OK = qw(histories history judged kills open_house seed strange_rows);

use constant { CLIENTS => 8, OBJECTS => 10, EACH => 40 };

my $all = '/api/v2/integrations';
my $seed = seeded(19);

sub seed { $seed }

# -- one client

# What its requests and their answers say; a request without an answer has the
# status 599, one of CGI 0.
sub ask {
	my ($self, $op, %o) = @_;
	$op->{began} = now();
	my $answer = $self->{door}->(%o);
	my $status = $answer->{status} // 0;
	# Nothing was done, or nobody knows what was.
	return if $status == 503;
	if ($status !~ /\A(?:0|500|599)\z/) {
		@$op{qw(ended status)} = (now(), $status);
		hear($self, $op, $answer) if $status == 200;
	}
	push @{ $self->{ops} }, $op;
}

sub hear {
	my ($self, $op, $answer) = @_;
	my $data = decode($answer->{body})->{data};
	my $known = $self->{known}{ $op->{object} } //= {};
	$op->{id} = $data->{integration_id} if $op->{op} ne 'delete'
	    && defined $data->{integration_id};
	($op->{revision}) = ($answer->{headers}{etag} // '') =~ /\A"(\d+)-/
	    if $op->{op} =~ /\A(?:save|change|read)\z/;
	$op->{revision} = $data->{revision}
	    if $op->{op} =~ /\A(?:lease|release|reveal)\z/;
	$_ += 0 for grep { defined } $op->{revision};
	$op->{token} = $data->{auth_data}{access_token}
	    if $op->{op} eq 'reveal';
	$op->{lease} = $known->{lease} = $data->{lease_id}
	    if $op->{op} eq 'lease';
	$known->{id} = $op->{id} if defined $op->{id};
	@$known{qw(revision etag)} = ($op->{revision}, $answer->{headers}{etag})
	    if defined $answer->{headers}{etag};
}

sub token { return sprintf 't-%d-%d', $_[0]{client}, ++$_[0]{tokens} }

sub save {
	my ($self, $op) = @_;
	$op->{sets} = token($self);
	$op->{only_new} = 1 if rand() < 0.3;
	ask($self, $op, body => with_auth(qq({"access_token":"$op->{sets}"}),
	    qq("unique_identifier":"$op->{object}",)),
	    headers => $op->{only_new} ? ['If-None-Match', '*'] : []);
}

# With a condition, or the lease that was granted, or neither.
sub change {
	my ($self, $op, $known) = @_;
	my @headers;
	$op->{sets} = token($self);
	if (defined $known->{etag} && rand() < 0.5) {
		@headers = ('If-Match', $known->{etag});
		$op->{if_revision} = $known->{revision};
	}
	if (defined $known->{lease} && rand() < 0.4) {
		push @headers, 'Refresh-Lease', $known->{lease};
		$op->{with_lease} = $known->{lease};
	}
	ask($self, $op, method => 'PATCH', path => "$all/$op->{of}", body =>
	    qq({"auth_data":{"access_token":"$op->{sets}"}}),
	    headers => \@headers);
}

sub by_id {
	my ($method, $end, $body) = @_;
	return sub {
		my ($self, $op) = @_;
		ask($self, $op, method => $method, body => $body // '',
		    path => "$all/$op->{of}$end");
	};
}

sub release {
	my ($self, $op, $known) = @_;
	return if !defined $known->{lease};
	$op->{with_lease} = $known->{lease};
	ask($self, $op, method => 'DELETE', body => '',
	    path => "$all/$op->{of}/refresh-lease",
	    headers => ['Refresh-Lease', $known->{lease}]);
}

my %does = (save => \&save, change => \&change, release => \&release,
    delete => by_id('DELETE', ''), read => by_id('GET', ''),
    lease => by_id('POST', '/refresh-lease', '{"seconds":300}'),
    reveal => by_id('GET', '/auth_data'));
my @choices = (('save') x 4, ('change') x 6, ('read') x 3, ('reveal') x 3,
    ('lease') x 2, 'release', 'delete');

# The operations of one client, as lines; after each a byte goes to a file, by
# which it is seen how far all are.
sub client {
	my ($number, $client, $door, $progress) = @_;
	srand $seed + 1000 * $number + $client;
	open my $done, '>>', $progress or die "$progress: $!";
	my $self = { client => $client, door => $door, ops => [] };
	for (1 .. EACH) {
		my $object = sprintf 'h-%d-%d', $number,
		    OBJECTS * rand() ** 2;
		my $known = $self->{known}{$object} // {};
		my $does = defined $known->{id} ? $choices[rand @choices]
		    : 'save';
		$does{$does}->($self, { op => $does, object => $object,
		    client => $client, $does eq 'save' ? ()
		    : (of => $known->{id}) }, $known);
		syswrite $done, '.';
	}
	return map { encode($_) } @{ $self->{ops} };
}

# -- a history

# Run it by a door, a function that asks; at => [[share, what], ...]: what
# happens when so much of it is done. The name of its file, how many operations
# had no answer, and how many there were.
sub history {
	my ($house, $number, $door, @at) = @_;
	my $progress = "$house->{dir}/progress-$number";
	spew($progress, '');
	my $over = launch(CLIENTS, sub {
		client($number, $_[0], $door, $progress);
	});
	for my $at (@at) {
		my ($share, $happens) = @$at;
		wait_until(120 * slow(), sub {
			-s $progress >= CLIENTS * EACH * $share })
		    or die 'the clients stand still';
		$happens->();
	}
	my @lines = map { @$_ } $over->();
	die "a client: $lines[1]" if $lines[0] eq 'died';
	my $name = "$house->{dir}/history-$number";
	spew($name, join '', map { "$_\n" } @lines);
	return ($name, scalar(grep { !/"ended"/ } @lines), scalar @lines);
}

# So many kills of a worker, each when one more share is done; env: what the
# next one has.
sub kills {
	my ($house, $workers, $kills, $env) = @_;
	return map { [$_ / ($kills + 1), sub {
		my $i = int rand @$workers;
		$workers->[$i]{stopped} = 1;
		stop($workers->[$i]{pid}, signal => 'KILL');
		$workers->[$i] = $house->worker(env => $env,
		    socket => $workers->[$i]{socket});
	}] } 1 .. $kills;
}

sub judged {
	my ($name) = @_;
	my $ran = run(cmd => ['python3', '-B', source()
	    . '/t/faults/histories.py', $name], seconds => 600);
	die $ran->{err} if $ran->{exit} !~ /\A[01]\z/ || $ran->{err} ne '';
	return $ran->{out};
}

# So many histories, each by the door and with what happens that each->(number)
# returns; then what is called for. How many operations there were, how many of
# them had no answer, and what cannot be; that is kept.
sub histories {
	my ($house, $count, $each, $then) = @_;
	my ($operations, $unknown, @wrong) = (0, 0);
	for my $number (1 .. $count) {
		my ($name, $without, $all) = history($house, $number,
		    $each->($number));
		$operations += $all;
		$unknown += $without;
		$then->() if $then;
		my $said = judged($name);
		next if $said eq '';
		push @wrong, $said;
		spew(program("history-$number"), slurp($name));
		last if @wrong > 3;
	}
	return ($operations, $unknown, @wrong);
}

# What the audit and the rows say of each other.
sub strange_rows {
	my ($house) = @_;
	my $audit = 'SELECT count(*) FROM audit WHERE '
	    . 'audit.integration_id = i.integration_id AND action';
	return map { "$_->{id}: revision $_->{revision}, $_->{changes} changes, "
	    . "$_->{counted} reveals of $_->{reveals}" }
	    grep { $_->{revision} != $_->{changes}
	    || $_->{counted} != $_->{reveals} } $house->rows(
	    "SELECT integration_id AS id, revision, ($audit IN ('save', "
	    . "'change')) AS changes, ($audit = 'reveal') AS reveals, "
	    . 'coalesce(reveal_count, 0) AS counted FROM integrations AS i '
	    . 'LEFT JOIN reveals AS u ON u.id = i.id');
}

# With a key that may do all of it.
sub open_house {
	my $house = house(conf => { log_level => 'error' }, @_);
	$house->{keys}{ $house->user } = $house->admin_ok(qw(key create
	    --user), $house->user, '--scopes', 'save,read,reveal') =~ s/\n//r;
	return $house;
}

1;

package Strongroom::Json;

# JSON as a row of tokens, so that the order of members, the type of every
# value and the text of every number are compared, and placeholders match.

use strict;
use warnings;
use Exporter 'import';
use JSON::PP ();

our @EXPORT_OK = qw(tokens compact_fault like_json decode encode cases);

my $CODEC = JSON::PP->new->utf8->canonical->allow_nonref;

sub decode { $CODEC->decode($_[0]) }
sub encode { $CODEC->encode($_[0]) }

sub tokens {
	my ($text) = @_;
	my @tokens;
	pos($text) = 0;
	while (1) {
		$text =~ /\G[ \t\r\n]+/gc;
		last if pos($text) == length $text;
		if ($text =~ /\G([\[\]{}:,])/gc) {
			push @tokens, [mark => $1, $1];
		} elsif ($text =~ /\G("(?:[^"\\]++|\\.)*+")/gcs) {
			my $raw = $1;
			push @tokens, [string => decode($raw), $raw];
		} elsif ($text =~ /\G(-?[0-9][0-9.eE+-]*)/gc) {
			push @tokens, [number => $1, $1];
		} elsif ($text =~ /\G(true|false|null)/gc) {
			push @tokens, [word => $1, $1];
		} else {
			die 'not JSON at ' . pos($text) . ": $text\n";
		}
	}
	return @tokens;
}

# What keeps the text from being compact JSON with UTF-8 unescaped, or ''.
sub compact_fault {
	my ($text) = @_;
	my @tokens = eval { tokens($text) };
	return "not JSON: $text" if !@tokens;
	return 'white space between tokens'
	    if $text ne join '', map { $_->[2] } @tokens;
	for my $token (grep { $_->[0] eq 'string' } @tokens) {
		while ($token->[2] =~ /\\(?:\\|u([0-9a-fA-F]{4})|(.))/gs) {
			return "needless escape \\u$1"
			    if defined $1 && hex $1 >= 0x20;
			return 'needless escape \\/'
			    if defined $2 && $2 eq '/';
		}
	}
	return '';
}

my $UUID = qr/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/;
my $TIME = qr/[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{6}/;

sub _like_string {
	my ($got, $want, $seen) = @_;
	my $pattern = '';
	for my $part (split /(<(?:uuid|time|user|msg)>)/, $want) {
		$pattern .= $part eq '<uuid>' ? "($UUID)"
		    : $part eq '<time>' ? $TIME
		    : $part eq '<user>' ? quotemeta $seen->{user}
		    : $part eq '<msg>' ? '.*\S.*' : quotemeta $part;
	}
	my @ids = $got =~ /\A$pattern\z/s or return 0;
	return 1 if $want !~ /<uuid>/;
	$seen->{uuid} //= $ids[0];
	return !grep { $_ ne $seen->{uuid} } @ids;
}

# '' when the answer is the expected one, else where they part.
sub like_json {
	my ($got_text, $want_text, $user) = @_;
	my @got = eval { tokens($got_text) };
	return "not JSON: $got_text" if !@got;
	my @want = tokens($want_text);
	my %seen = (user => $user);
	for my $i (0 .. $#want) {
		my ($want, $got) = ($want[$i], $got[$i]);
		return "ends before $want->[2]" if !defined $got;
		next if $want->[1] eq '<pos>' && $got->[0] eq 'number'
		    && $got->[1] =~ /\A(?:0|[1-9][0-9]*)\z/;
		return "$got->[2] instead of $want->[2] (token $i)"
		    if $got->[0] ne $want->[0];
		next if $got->[1] eq $want->[1];
		next if $want->[0] eq 'string'
		    && _like_string($got->[1], $want->[1], \%seen);
		return "$got->[2] instead of $want->[2] (token $i)";
	}
	return "goes on with $got[@want][2]" if @got > @want;
	return '';
}

# The sample of requests: { headers, body (bytes), status, answer (text) }
sub cases {
	my ($file) = @_;
	open my $fh, '<', $file or die "$file: $!";
	my @cases;
	while (my $line = readline $fh) {
		chomp $line;
		my $case = decode($line);
		utf8::encode($case->{body});
		my $at = index $line, ', "answer": ';
		$case->{answer} = substr $line, $at + 12, -1;
		push @cases, $case;
	}
	return @cases;
}

1;
